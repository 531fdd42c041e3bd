// Black-box trials over gRPC, with known effects: late, lost and cancelled reports, guards and costs. Each
// seed has its own sidecar process and an orchestrator that runs in real time.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { verdictName } from './field-worlds/course.ts';
import { Orchestrator, type Played } from './field-worlds/orchestrator.ts';
import { startFieldSidecar } from './field-worlds/sidecar.ts';
import { tableOf, type WorldResult } from './field-worlds/table.ts';
import type { World } from './field-worlds/world.ts';
import { WORLDS } from './field-worlds/worlds.ts';
import { formatTable, formatTargets } from './report/table.ts';

const USAGE = `npm run field -- [--seeds N] [--first N] [--only WORLD] [--verbose]

Plays worlds whose effects are known against real sidecars, and fails where verdicts err too often.
--seeds    seeds of each world: 40
--first    the first of them: 1
--only     one world, or those whose name holds this, repeatable
--verbose  a line for each seed

${WORLDS.map(({ name }) => name).join('\n')}
`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '40' },
    first: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [''] },
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const directory = mkdtempSync(join(tmpdir(), 'learning-sidecar-field-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

if (values.help) process.stdout.write(USAGE);
else await play();

async function play(): Promise<void> {
  const worlds = values.only.flatMap(worldsOf);
  if (worlds.length === 0) throw new Error(`there is no such world\n\n${USAGE}`);
  const startMs = performance.now();
  const results: WorldResult[] = [];
  for (const world of worlds) results.push({ world, endings: await playWorld(world) });
  const table = tableOf(results);
  console.log(`\n${formatTable(table)}\n\n${formatTargets([table])}`);
  const faults = results.flatMap(({ world, endings }) =>
    endings.flatMap((one) => one.faults.map((fault) => `${world.name}: ${fault}`)),
  );
  for (const fault of faults) console.log(`not allowed: ${fault}`);
  const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
  console.log(`${minutes} minutes; verdicts and states that do not agree: ${faults.length}`);
  const areMet = table.rows.every(({ targets }) => targets.every(({ met }) => met));
  process.exitCode = areMet && faults.length === 0 ? 0 : 1;
}

/** Runs the seeds of a world, `lanes` at a time. */
async function playWorld(world: World): Promise<readonly Played[]> {
  const startMs = performance.now();
  const first = Number(values.first);
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => first + i);
  const endings: Played[] = [];
  const lane = async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const ending = await playSeed(world, seed);
      endings.push(ending);
      if (values.verbose) console.error(`  ${seed}: ${describe(ending)}`);
    }
  };
  await Promise.all(Array.from({ length: world.lanes }, lane));
  const seconds = Math.round((performance.now() - startMs) / 1000);
  const callMs = endings.reduce((sum, one) => sum + one.callMs, 0) / endings.length;
  // A row as soon as there is one: a run that is stopped has not been for nothing.
  console.error(
    formatTable(tableOf([{ world, endings }]))
      .split('\n')
      .at(-1),
  );
  console.error(`${seconds} s; a call took ${callMs.toFixed(1)} ms`);
  return endings;
}

async function playSeed(world: World, seed: number): Promise<Played> {
  const place = join(directory, `${WORLDS.indexOf(world)}-${seed}`);
  const sidecar = await startFieldSidecar(place, world, seed);
  try {
    return await new Orchestrator(sidecar, world, seed).play();
  } finally {
    await sidecar.remove();
  }
}

/** The world of this name, or those whose name holds it. */
function worldsOf(text: string): readonly World[] {
  const exact = WORLDS.filter(({ name }) => name === text);
  return exact.length > 0 ? exact : WORLDS.filter(({ name }) => name.includes(text));
}

function describe(ending: Played): string {
  const { path, verdict, dispatched, provisionalAt = '-', confirmedAt = '-', summary } = ending;
  const times = `${provisionalAt} · ${confirmedAt} · ${dispatched}`;
  return `${path.join(' > ')}: ${verdictName(verdict)} (${times}): ${summary}`;
}
