import { setTimeout as sleep } from 'node:timers/promises';
import { sendBatches } from './batches.ts';
import { type Process, startProcess } from './processes.ts';
import { RawClient } from './raw-client.ts';
import { atMost, type Row } from './row.ts';
import type { Scale } from './scale.ts';
import { createScratch } from './scratch.ts';
import { type BenchServer, sidecarFlags, withServers } from './servers.ts';
import { GRPC_ONLY } from './start-up.ts';
import { spreadOf } from './statistics.ts';
import { BATCH_SIZE, batchSource } from './tasks.ts';

const SECTION = 'Resident memory';
const SETTLE_MS = 2000;
const NODE_IDLE = ['--eval', `setInterval(() => 0, 60_000); console.log('serving on')`];

/** Idle processes, and what a million tasks leave behind. */
export async function measureMemory({ memoryTasks }: Scale): Promise<Row[]> {
  const node = await idleMb(startProcess(NODE_IDLE));
  const grpc = await idleMb(startProcess(GRPC_ONLY));
  const scratch = createScratch();
  const source = await idleMb(startProcess(['src/main.ts', ...sidecarFlags(scratch.directory)]));
  scratch.remove();
  return withServers({}, async (sidecar, empty) => {
    await sleep(SETTLE_MS);
    const idle = sidecar.residentMb();
    await sendTasks(sidecar, memoryTasks);
    await sendTasks(empty, memoryTasks);
    await sleep(SETTLE_MS);
    const after = `after ${memoryTasks.toLocaleString('en-US')} tasks`;
    const built = row('idle, built, by an empty grpc-js server', idle, grpc);
    return [
      { ...built, target: atMost(125)(built) },
      row('idle, source (with its TypeScript stripper)', source, grpc),
      row('idle, built, by bare node', idle, node),
      row(`${after}, built, by an empty server`, sidecar.residentMb(), empty.residentMb()),
    ];
  });
}

function row(measure: string, sidecar: number, baseline: number): Row {
  const ratio = spreadOf([sidecar / baseline]);
  return { section: SECTION, measure, unit: 'MB', sidecar, baseline, ratio };
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
