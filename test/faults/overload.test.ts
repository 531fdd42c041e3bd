import { expect, onTestFinished, test } from 'vitest';
import { type LearningClient, learningClient } from '../support/clients/clients.ts';
import {
  preparePython,
  type RetryResult,
  runPythonClient,
} from '../support/clients/python-client.ts';
import { writeReferenceConfig } from '../support/engine/reference-config.ts';
import { type Flood, flood } from '../support/load/flood-process.ts';
import { mebibytes } from '../support/load/percentile.ts';
import { taskOfId } from '../support/load/task-book.ts';
import { runScript } from '../support/sidecar/child.ts';
import { residentBytes, type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const SECONDS = 60;
const CONNECTIONS = 64;
const FLOODS = 2;
const DEADLINE_MS = 5000;
const CLIENT_TASKS = 3000;
const CLIENT_LANES = 16;
/** What the process may take, and how much more of it in the second half of the time. */
const MAX_BYTES = 768 * 2 ** 20;
const MAX_GROWTH = 1.2;
const SAMPLE_MS = 100;
const RETRYING_CLIENT = new URL('../support/clients/retrying-client.ts', import.meta.url);

test(`twice the load for ${SECONDS} s: bounded, refused with RetryInfo, and nothing lost`, async () => {
  const python = await preparePython();
  // Every id of the test is to be told from new ones afterwards.
  const config = writeReferenceConfig(tempDir(), { recording: { dedup_window: 5_000_000 } });
  const sidecar = await startSidecar({ dataDir: tempDir(), config });
  const { address } = sidecar;
  const capacity = await findCapacity(address);

  const memory = watchMemory(sidecar);
  const floods = Array.from({ length: FLOODS }, (_, i) =>
    flood({
      address,
      connections: CONNECTIONS / FLOODS,
      inFlight: 0,
      ratePerSecond: (2 * capacity) / FLOODS,
      seconds: SECONDS,
      deadlineMs: DEADLINE_MS,
      prefix: `flood${i}`,
    }),
  );
  const load = { count: CLIENT_TASKS, lanes: CLIENT_LANES };
  const clients = [
    runNodeClient(address, { ...load, prefix: 'node' }),
    runPythonClient(python, address, { ...load, prefix: 'python' }),
  ];
  const offered = await Promise.all(floods);
  const retried = await Promise.all(clients);
  const [firstBytes = 0, secondBytes = 0] = memory.stop();

  const sent = offered.reduce((sum, one) => sum + one.sent, 0);
  console.log(
    `overload: takes ${capacity.toFixed(0)}/s, was offered ${(sent / SECONDS).toFixed(0)}/s for ${SECONDS} s; ` +
      `memory ${mebibytes(memory.before)} MiB before, at most ${mebibytes(firstBytes)} MiB in the ` +
      `first half and ${mebibytes(secondBytes)} MiB in the second; ` +
      offered.map(describeFlood).join('; '),
  );
  for (const [i, name] of ['grpc-js', 'grpcio'].entries()) {
    console.log(`overload: ${name} with retries: ${JSON.stringify(retried[i])}`);
  }
  expect(Math.max(firstBytes, secondBytes)).toBeLessThan(MAX_BYTES);
  expect(secondBytes / firstBytes).toBeLessThan(MAX_GROWTH);
  for (const { withoutRetry } of [...offered, ...retried]) expect(withoutRetry).toBe(0);
  const refused = offered.reduce((sum, { outcomes }) => sum + (outcomes['code 14'] ?? 0), 0);
  expect(refused, 'refusals').toBeGreaterThan(0);
  expect(await refusals(sidecar)).toBeGreaterThanOrEqual(refused);
  for (const { recorded } of retried) expect(recorded).toBe(CLIENT_TASKS);
  await checkBooks(sidecar, offered);
});

/** Calls a second, answered, with as many callers as are never refused. */
async function findCapacity(address: string): Promise<number> {
  const run = (seconds: number, prefix: string) => {
    const job = { address, connections: 4, inFlight: 128, ratePerSecond: 0, seconds, prefix };
    return flood({ ...job, deadlineMs: DEADLINE_MS });
  };
  await run(5, 'warm-up');
  const { outcomes, seconds } = await run(10, 'capacity');
  expect(Object.keys(outcomes)).toEqual(['OK']);
  return (outcomes.OK ?? 0) / seconds;
}

/** Samples memory; answers the most of it in each half of the time. */
function watchMemory({ pid }: Sidecar) {
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(residentBytes(pid)), SAMPLE_MS);
  onTestFinished(() => clearInterval(timer));
  return {
    before: residentBytes(pid),
    stop() {
      clearInterval(timer);
      const middle = Math.floor(samples.length / 2);
      return [samples.slice(0, middle), samples.slice(middle)].map((half) => Math.max(...half));
    },
  };
}

async function runNodeClient(
  address: string,
  { prefix, count, lanes }: { prefix: string; count: number; lanes: number },
): Promise<RetryResult> {
  const args = [address, prefix, String(count), String(lanes)];
  const child = runScript(RETRYING_CLIENT, args);
  onTestFinished(async () => {
    await child.end('SIGKILL');
  });
  return child.find((line) => (line.startsWith('{') ? JSON.parse(line) : undefined));
}

function describeFlood({ outcomes, p50Ms, p99Ms }: Flood): string {
  const times = `answered after ${p50Ms.toFixed(0)} ms (p50), ${p99Ms.toFixed(0)} ms (p99)`;
  return `${JSON.stringify(outcomes)} ${times}`;
}

async function refusals({ adminUrl }: Sidecar): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  return Number(/^learning_refusals_total\{reason="OVERLOADED"\} (\d+)$/m.exec(text)?.[1]);
}

/** What was answered is known; whatever is sent again counts once. */
async function checkBooks({ address }: Sidecar, floods: readonly Flood[]): Promise<void> {
  const client = learningClient(address);
  const acknowledged = [
    ...floods.flatMap((one) => one.acknowledged.map((number) => `${one.prefix}-${number}`)),
    ...['node', 'python'].flatMap((prefix) => idsOf(prefix, CLIENT_TASKS)),
  ];
  const before = await total(client);
  expect(await resend(client, acknowledged)).toBe(0);
  expect(await total(client)).toBe(before);
  console.log(`overload: ${acknowledged.length} tasks acknowledged, all known, each counted once`);
}

function idsOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i + 1}`);
}

async function total(client: LearningClient): Promise<number> {
  return Number((await client.getStatus({})).totalTasksRecorded);
}

/** Answers how many of them were new. */
async function resend(client: LearningClient, ids: readonly string[]): Promise<number> {
  const stream = client.recordTasks();
  let recorded = 0;
  stream.on('data', ({ recordedCount }) => {
    recorded = Number(recordedCount);
  });
  const ended = new Promise<void>((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('error', reject);
  });
  for (let from = 0; from < ids.length; from += 1000) {
    const tasks = ids.slice(from, from + 1000).map(taskOfId);
    if (!stream.write({ tasks })) await new Promise((resolve) => stream.once('drain', resolve));
  }
  stream.end();
  await ended;
  return recorded;
}
