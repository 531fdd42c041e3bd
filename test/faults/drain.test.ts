import { expect, test, vi } from 'vitest';
import { LearningService } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { connect } from '../rpc/wire.ts';
import { adminClient, type LearningClient, learningClient } from '../support/clients/clients.ts';
import { chooseSeed, seededRandom } from '../support/engine/seed.ts';
import {
  changeParameter,
  DrainLedger,
  ended,
  recordBatches,
  recordSingles,
  watchHealth,
} from '../support/load/drain-load.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { runScript } from '../support/sidecar/child.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const ROUNDS = 20;
const SUBSCRIBERS = 8;
const WATCHES = 2;
const LANES = 16;
const TIMEOUT_SECONDS = 10;
const NEVER_READS = new URL('../support/clients/never-reads.ts', import.meta.url);

test(`${ROUNDS} drains under load: nothing is lost, and everyone is told to come back`, async () => {
  const dataDir = tempDir();
  const random = seededRandom(chooseSeed('drain'));
  const acknowledged = new Set<string>();
  const failures = new Map<string, number>();
  const secondsTaken: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const sidecar = await startSidecar({ dataDir });
    const before = await recorded(sidecar);
    expect(before, 'tasks after the restart').toBeGreaterThanOrEqual(acknowledged.size);
    const { ledger, seconds } = await drainUnderLoad(sidecar, round, random.between(50, 1500));
    for (const id of ledger.acknowledged) acknowledged.add(id);
    for (const [name, count] of ledger.failures)
      failures.set(name, (failures.get(name) ?? 0) + count);
    secondsTaken.push(seconds);
    checkRound(ledger);
    expect(seconds).toBeLessThan(TIMEOUT_SECONDS);
  }
  const again = await startSidecar({ dataDir });
  expect(await resend(learningClient(again.address), [...acknowledged])).toEqual({ recorded: 0 });
  expect([...failures.keys()].filter((name) => name.startsWith('CANCELLED'))).toEqual([]);
  console.log(
    `drain: ${ROUNDS} times under load; exit 0 after ${Math.max(...secondsTaken).toFixed(2)} s at ` +
      `most; ${ROUNDS * (SUBSCRIBERS + WATCHES + 2)} streams ended with 14; ${acknowledged.size} ` +
      `acknowledged tasks, none missing; unary calls failed: ${JSON.stringify(Object.fromEntries(failures))}`,
  );
});

async function drainUnderLoad(sidecar: Sidecar, round: number, tasks: number) {
  const { address } = sidecar;
  const ledger = new DrainLedger();
  let gone = false;
  const isOver = () => gone;
  const client = learningClient(address);
  const streams = [
    ...Array.from({ length: SUBSCRIBERS }, (_, i) => {
      const stream = client.streamDeltas({ clientId: `subscriber-${i}` });
      stream.on('data', () => {});
      return ended(stream, 'StreamDeltas', ledger);
    }),
    ...Array.from({ length: WATCHES }, () => watchHealth(address, ledger)),
    recordBatches(client, `round-${round}-batch`, ledger),
    recordBatches(learningClient(address), `round-${round}-other`, ledger),
  ];
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    recordSingles(address, `round-${round}-${lane}`, ledger, isOver),
  );
  const changes = changeParameter(adminClient(address), ledger, isOver);
  await vi.waitFor(() => expect(ledger.acknowledged.size).toBeGreaterThan(tasks), {
    timeout: 20_000,
  });
  const startMs = performance.now();
  const exit = await sidecar.end('SIGTERM');
  const seconds = (performance.now() - startMs) / 1000;
  gone = true;
  expect(exit).toEqual({ code: 0, signal: null });
  await Promise.all([...streams, ...lanes, changes]);
  return { ledger, seconds };
}

function checkRound(ledger: DrainLedger): void {
  const count = (end: string) => ledger.ends.filter((one) => one === end).length;
  expect(
    {
      deltas: count('StreamDeltas UNAVAILABLE DRAINING'),
      batches: count('RecordTasks UNAVAILABLE DRAINING'),
      watches: count('Watch UNAVAILABLE DRAINING SERVING,NOT_SERVING'),
      all: ledger.ends.length,
    },
    ledger.ends.join('; '),
  ).toEqual({
    deltas: SUBSCRIBERS,
    batches: 2,
    watches: WATCHES,
    all: SUBSCRIBERS + WATCHES + 2,
  });
  for (const failure of ledger.failures.keys()) expect(failure).toMatch(/^UNAVAILABLE/);
  expect(ledger.withoutRetry).toBe(0);
}

async function recorded({ address }: Sidecar): Promise<number> {
  return Number((await connect(LearningService, address).getStatus({})).totalTasksRecorded);
}

/** All again: what was acknowledged is known. */
async function resend(client: LearningClient, ids: readonly string[]) {
  const stream = client.recordTasks();
  for (let from = 0; from < ids.length; from += 1000) {
    stream.write({ tasks: ids.slice(from, from + 1000).map(taskOfId) });
  }
  stream.end();
  let recordedCount = -1;
  for await (const answer of stream) recordedCount = Number(answer.recordedCount);
  return { recorded: recordedCount };
}

test('a client that never reads: exit at the deadline all the same', async () => {
  const timeoutSeconds = 2;
  const flags = ['--drain-timeout', String(timeoutSeconds)];
  const sidecar = await startSidecar({ dataDir: tempDir(), flags });
  const frozen = runScript(NEVER_READS, [sidecar.address]);
  await frozen.find((line) => (line === 'frozen' ? line : undefined));
  await vi.waitFor(async () => expect(await answers(sidecar)).toBeGreaterThan(0));
  const startMs = performance.now();
  const exit = sidecar.end('SIGTERM');
  await vi.waitFor(async () => expect((await readyz(sidecar)).status).toBe(503));
  expect(await exit).toEqual({ code: 0, signal: null });
  const seconds = (performance.now() - startMs) / 1000;
  await frozen.end('SIGKILL');
  console.log(
    `drain: a client that never reads held it up for ${seconds.toFixed(2)} s of ${timeoutSeconds} s allowed`,
  );
  expect(seconds).toBeGreaterThan(timeoutSeconds - 0.1);
  expect(seconds).toBeLessThan(timeoutSeconds + 2);
});

/** Calls for the status that were answered, read or not. */
async function answers({ adminUrl }: Sidecar): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(
    /^learning_rpc_duration_seconds_count\{.*GetStatus.*\} (\d+)$/m.exec(text)?.[1] ?? 0,
  );
}

function readyz({ adminUrl }: Sidecar): Promise<Response> {
  return fetch(`${adminUrl}/readyz`);
}

test('with no time to finish, streams are told to come back all the same', async () => {
  const sidecar = await startSidecar({ dataDir: tempDir(), flags: ['--drain-timeout', '0'] });
  const ledger = new DrainLedger();
  const stream = learningClient(sidecar.address).streamDeltas({});
  const opened = new Promise((resolve) => stream.once('data', resolve));
  const end = ended(stream, 'StreamDeltas', ledger);
  await opened;
  expect(await sidecar.end('SIGTERM')).toEqual({ code: 0, signal: null });
  await end;
  expect(ledger.ends).toEqual(['StreamDeltas UNAVAILABLE DRAINING']);
});

test('a second SIGINT does not wait', async () => {
  const sidecar = await startSidecar({ dataDir: tempDir() });
  const frozen = runScript(NEVER_READS, [sidecar.address]);
  await frozen.find((line) => (line === 'frozen' ? line : undefined));
  await vi.waitFor(async () => expect(await answers(sidecar)).toBeGreaterThan(0));
  sidecar.process.kill('SIGINT');
  await vi.waitFor(async () => expect((await readyz(sidecar)).status).toBe(503));
  expect(await sidecar.end('SIGINT')).toEqual({ code: 130, signal: null });
  await frozen.end('SIGKILL');
});
