import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { measureBatches } from './batches.ts';
import { measureCycles } from './cycles.ts';
import { measureFanOut } from './fan-out.ts';
import { describeMachine } from './machine.ts';
import { measureMemory } from './memory.ts';
import type { Row } from './row.ts';
import { FULL, QUICK, type Scale } from './scale.ts';
import { measureStartUp } from './start-up.ts';
import { formatTables } from './table.ts';
import { measureTrials } from './trials.ts';
import { measureUnary } from './unary.ts';

const SECTIONS: Readonly<Record<string, (scale: Scale) => Promise<Row[]>>> = {
  'start-up': measureStartUp,
  unary: measureUnary,
  batches: measureBatches,
  'fan-out': measureFanOut,
  cycles: measureCycles,
  trials: measureTrials,
  memory: measureMemory,
};

const USAGE = `npm run bench -- [--quick] [--json] [--only SECTION]

Measures the sidecar against an empty gRPC handler, in one run.
--quick  fewer and shorter rounds: under a minute
--json   one JSON document on stdout, for machines
--only   one section, repeatable: ${Object.keys(SECTIONS).join(', ')}
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: Object.keys(SECTIONS) },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(USAGE);
else await run(values.quick ? QUICK : FULL, values.only);

async function run(scale: Scale, names: readonly string[]): Promise<void> {
  const machine = describeMachine();
  const startedMs = performance.now();
  // Measured as shipped. What the build says is of interest where it fails.
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: ['ignore', 2, 2] });
  const rows: Row[] = [];
  for (const name of names) {
    const measure = SECTIONS[name];
    if (measure === undefined) throw new Error(`there is no section ${name}\n\n${USAGE}`);
    console.error(`measuring ${name} ...`);
    rows.push(...(await measure(scale)));
  }
  if (values.json) {
    console.log(JSON.stringify({ machine, time: new Date().toISOString(), rows }, null, 2));
    return;
  }
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    `\n${formatTables(rows)}\n\n${machine}; ${scale.rounds} rounds, ${seconds} s in all.`,
  );
}
