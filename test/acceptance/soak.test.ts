import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type AdminClient,
  adminClient,
  type LearningClient,
  learningClient,
} from '../support/clients/clients.ts';
import { writeReferenceConfig } from '../support/engine/reference-config.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { residentBytes, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const TENTHS = 10;
const TASKS = 1_000_000;
const DELTAS = 20_000;
const BATCH = 1000;
const STREAMS = 4;
const OVERRIDES_PER_TENTH = 200;
const DELTAS_PER_CYCLE = 3;
const CALLS_IN_FLIGHT = 8;
/** The last three tenths differ by no more than this share. */
const LEVEL = 0.15;

test('with a million tasks and 20,000 deltas, memory and ledger level off', async () => {
  const dataDir = tempDir();
  const config = writeReferenceConfig(tempDir());
  const { address, pid } = await startSidecar({ dataDir, config });
  const client = learningClient(address);
  const admin = adminClient(address);
  await client.reportMetrics({ metrics: { subAgentCount: 9, cpuPercent: 90 } });
  const memory: number[] = [];
  const ledger: number[] = [];
  for (let tenth = 0; tenth < TENTHS; tenth += 1) {
    const startMs = performance.now();
    await recordTenth(address, tenth);
    await changeTenth(admin);
    memory.push(residentBytes(pid));
    ledger.push(ledgerBytes(dataDir));
    const { totalTasksRecorded, latestSequence } = await client.getStatus({});
    console.log(
      `soak ${tenth + 1}/${TENTHS}: ${totalTasksRecorded} tasks, ${latestSequence} deltas; ` +
        `memory ${mebibytes(memory[tenth] ?? 0)} MiB, ledger ${mebibytes(ledger[tenth] ?? 0)} MiB; ` +
        `${((performance.now() - startMs) / 1000).toFixed(1)} s`,
    );
  }
  await checkCounts(client);
  expect(spread(memory.slice(-3)), 'memory').toBeLessThan(LEVEL);
  expect(spread(ledger.slice(-3)), 'ledger').toBeLessThan(LEVEL);
});

/** A tenth of the tasks, over several streams at once. */
async function recordTenth(address: string, tenth: number): Promise<void> {
  const perStream = TASKS / TENTHS / STREAMS;
  const streams = Array.from({ length: STREAMS }, async (_, stream) => {
    const client = learningClient(address);
    const first = (tenth * STREAMS + stream) * perStream;
    expect(await recordRange(client, first, first + perStream)).toBe(perStream);
    client.close();
  });
  await Promise.all(streams);
}

/** Writes as fast as the sidecar takes; answers how many were recorded. */
async function recordRange(client: LearningClient, first: number, end: number): Promise<number> {
  const call = client.recordTasks();
  let recorded = 0;
  call.on('data', ({ recordedCount }) => {
    recorded = Number(recordedCount);
  });
  const ended = new Promise<void>((resolve, reject) => {
    call.once('end', resolve);
    call.once('error', reject);
  });
  for (let from = first; from < end; from += BATCH) {
    const tasks = Array.from({ length: BATCH }, (_, i) => taskOfId(`task-${from + i}`));
    if (!call.write({ tasks })) await new Promise((resolve) => call.once('drain', resolve));
  }
  call.end();
  await ended;
  return recorded;
}

/** A tenth of the deltas: most by cycles, some by hand. */
async function changeTenth(admin: AdminClient): Promise<void> {
  const cycles = (DELTAS / TENTHS - OVERRIDES_PER_TENTH) / DELTAS_PER_CYCLE;
  const steps = [
    ...Array.from({ length: cycles }, () => () => admin.runCycle({})),
    ...Array.from({ length: OVERRIDES_PER_TENTH }, (_, i) => () => override(admin, i)),
  ];
  const lane = async () => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) await step();
  };
  await Promise.all(Array.from({ length: CALLS_IN_FLIGHT }, lane));
}

function override(admin: AdminClient, value: number): Promise<unknown> {
  return admin.setParameter({
    target: 'max_cpu_per_agent',
    value: { kind: { case: 'numberValue', value } },
  });
}

async function checkCounts(client: LearningClient): Promise<void> {
  const status = await client.getStatus({});
  expect(Number(status.totalTasksRecorded)).toBe(TASKS);
  expect(Number(status.tasksInHistory)).toBe(100);
  expect(Number(status.latestSequence)).toBe(DELTAS);
  expect(Number(status.totalDeltasApplied)).toBe(DELTAS - TENTHS * OVERRIDES_PER_TENTH);
}

function ledgerBytes(dataDir: string): number {
  const size = (name: string) => statSync(join(dataDir, name), { throwIfNoEntry: false })?.size;
  return (size('ledger.db') ?? 0) + (size('ledger.db-wal') ?? 0);
}

/** How far the values are apart, as a share of the smallest. */
function spread(values: readonly number[]): number {
  return Math.max(...values) / Math.min(...values) - 1;
}
