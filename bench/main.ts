import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTable, formatTargets } from '../scripts/report/table.ts';
import { measureBatches } from './batches.ts';
import { pinClient } from './cores.ts';
import { measureCycles } from './cycles.ts';
import { measureFanOut } from './fan-out.ts';
import type { Row } from './lives.ts';
import { describeMachine } from './machine.ts';
import { measureMemory } from './memory.ts';
import { measureOtlp } from './otlp.ts';
import { movesBetween, tablesOf } from './print.ts';
import { FULL, QUICK, type Scale } from './scale.ts';
import { measureStartUp } from './start-up.ts';
import { measureFlags, measureTrials } from './trials.ts';
import { measureUnary } from './unary.ts';

const SECTIONS: Readonly<Record<string, (scale: Scale) => Promise<Row[]>>> = {
  'start-up': measureStartUp,
  unary: measureUnary,
  batches: measureBatches,
  otlp: measureOtlp,
  'fan-out': measureFanOut,
  cycles: measureCycles,
  trials: measureTrials,
  flags: measureFlags,
  memory: measureMemory,
};

const USAGE = `npm run bench -- [--quick] [--json FILE] [--against FILE] [--only SECTION]

Measures the sidecar against an empty gRPC handler, in one run: about 30 minutes. Servers and client are
pinned to a core each where there are two, and taskset.
--quick    few lives and turns: about two minutes
--json     also writes the rows to a file
--against  a file of an earlier run: shows by how much ratios moved
--only     one section, repeatable: ${Object.keys(SECTIONS).join(', ')}
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    against: { type: 'string' },
    only: { type: 'string', multiple: true, default: Object.keys(SECTIONS) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else await run(values.quick ? QUICK : FULL, values.only);

async function run(scale: Scale, names: readonly string[]): Promise<void> {
  const machine = describeMachine();
  const startedMs = performance.now();
  const former = values.against === undefined ? undefined : readRows(values.against);
  // The package as shipped. The output of the build is shown, in case it fails.
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 2, 2] });
  pinClient();
  const rows: Row[] = [];
  for (const name of names) {
    const sectionMs = performance.now();
    rows.push(...(await sectionOf(name)(scale)));
    console.error(`${name}: ${secondsSince(sectionMs)} s`);
  }
  const tables = tablesOf(rows);
  if (former !== undefined) tables.push(movesBetween(former, rows));
  const time = new Date().toISOString();
  if (values.json !== undefined) {
    writeFileSync(values.json, JSON.stringify({ machine, time, rows }, null, 2));
  }
  console.log(`\n${tables.map(formatTable).join('\n\n')}\n\n${formatTargets(tables)}`);
  console.log(`\n${machine}; ${secondsSince(startedMs)} s in all.`);
}

function sectionOf(name: string): (scale: Scale) => Promise<Row[]> {
  const section = SECTIONS[name];
  if (section === undefined) throw new Error(`there is no section ${name}\n\n${USAGE}`);
  return section;
}

function readRows(file: string): readonly Row[] {
  const { rows }: { rows: Row[] } = JSON.parse(readFileSync(file, 'utf8'));
  return rows;
}

function secondsSince(ms: number): number {
  return Math.round((performance.now() - ms) / 1000);
}
