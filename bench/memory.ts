import { setTimeout as sleep } from 'node:timers/promises';
import { sendBatches } from './batches.ts';
import { atMost, compareLives, type Row, ratioAtMost } from './lives.ts';
import { type Process, startProcess } from './processes.ts';
import { RawClient } from './raw-client.ts';
import type { Scale } from './scale.ts';
import { createScratch } from './scratch.ts';
import {
  type BenchServer,
  SOURCE,
  SOURCE_ENV,
  sidecarFlags,
  threeServers,
  withServers,
} from './servers.ts';
import { GRPC_ONLY } from './start-up.ts';
import { BATCH_SIZE, batchSource } from './tasks.ts';

const SECTION = 'Resident memory';
const SETTLE_MS = 2000;
const NODE_IDLE = ['--eval', `setInterval(() => 0, 60_000); console.log('serving on')`];

/** In MB. */
interface Figures {
  readonly node: number;
  readonly grpc: number;
  readonly source: number;
  readonly built: number;
  /** After many tasks. */
  readonly sidecar: number;
  readonly empty: number;
  readonly other: number;
}

/** Idle processes, and servers after many tasks. */
export async function measureMemory({ lives, memoryTasks }: Scale): Promise<Row[]> {
  const all: Figures[] = [];
  for (let i = 0; i < lives.memory; i += 1) all.push(await measureOneLife(memoryTasks));
  const after = `after ${memoryTasks.toLocaleString('en-US')} tasks`;
  const row = (measure: string, side: keyof Figures, baseline: keyof Figures): Row =>
    compareLives(
      { section: SECTION, measure, unit: 'MB' },
      all.map((figures) => figures[side]),
      all.map((figures) => figures[baseline]),
    );
  const built = row('idle, built, by an empty grpc-js server', 'built', 'grpc');
  const filled = row(`${after}, built, by an empty server`, 'sidecar', 'empty');
  return [
    { ...built, target: atMost(85)(built) },
    row('idle, source (npm start)', 'source', 'grpc'),
    row('idle, built, by bare node', 'built', 'node'),
    { ...filled, target: ratioAtMost(1.5)(filled) },
    row(`${after}, empty by empty`, 'other', 'empty'),
  ];
}

async function measureOneLife(tasks: number): Promise<Figures> {
  const node = await idleMb(startProcess(NODE_IDLE));
  const grpc = await idleMb(startProcess(GRPC_ONLY));
  const scratch = createScratch();
  const fromSource = [SOURCE, ...sidecarFlags(scratch.directory)];
  // The first start fills the compile cache.
  await idleMb(startProcess(fromSource, { env: SOURCE_ENV }));
  const source = await idleMb(startProcess(fromSource, { env: SOURCE_ENV }));
  scratch.remove();
  return withServers(threeServers(), async (servers) => {
    await sleep(SETTLE_MS);
    const built = servers[0]?.residentMb() ?? Number.NaN;
    for (const server of servers) await sendTasks(server, tasks);
    await sleep(SETTLE_MS);
    const [sidecar = 0, empty = 0, other = 0] = servers.map((server) => server.residentMb());
    return { node, grpc, source, built, sidecar, empty, other };
  });
}

async function idleMb(starting: Promise<Process>): Promise<number> {
  const server = await starting;
  await sleep(SETTLE_MS);
  const mb = server.residentMb();
  await server.stop();
  return mb;
}

async function sendTasks(server: BenchServer, tasks: number): Promise<void> {
  const client = new RawClient(server.tcp);
  await sendBatches(client, batchSource(), tasks / BATCH_SIZE);
  client.close();
}
