import { expect, test } from 'vitest';
import { type Delta, DeltaType } from '../../src/gen/learning/v1/delta_pb.ts';
import { SnapshotOutcome } from '../../src/gen/learning/v1/learning_service_pb.ts';
import type { Task } from '../../src/gen/learning/v1/task_pb.ts';
import { adminClient, type LearningClient, learningClient } from '../support/clients/clients.ts';
import { Follower } from '../support/clients/follower.ts';
import { writeReferenceConfig } from '../support/engine/reference-config.ts';
import { realTraces } from '../support/engine/traces.ts';
import { allCycles, allDeltas, inForceOrder } from '../support/ledger/history.ts';
import { startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const SINGLES_IN_FLIGHT = 16;
const BATCH = 25;
const HISTORY_LIMIT = 100;
const METRICS = { subAgentCount: 9, cpuPercent: 90.5 };

test('five clients replay five real traces at once while three streams are open', async () => {
  const config = writeReferenceConfig(tempDir(), { cycle: { interval_seconds: 0.02 } });
  const { address } = await startSidecar({ dataDir: tempDir(), config });
  const client = learningClient(address);
  const admin = adminClient(address);
  const followers = openFollowers(address);

  const traces = realTraces();
  expect(traces.length).toBe(5);
  const replays = traces.map(({ tasks }) => replay(learningClient(address), tasks));
  let done = false;
  const cycling = runCycles(address, () => done);
  const recorded = await Promise.all(replays);
  done = true;
  const ranByHand = await cycling;
  expect(recorded).toEqual(traces.map(({ tasks }) => tasks.length));
  await admin.stopLearning({});
  await admin.runCycle({}); // What was running has finished when this one answers.

  const deltas = await allDeltas(client);
  const inForce = inForceOrder(deltas);
  await checkStreams(followers, inForce);
  await checkCounts(client, deltas, new Set(traces.flatMap((t) => t.tasks.map((k) => k.taskId))));
  await checkFilterResumes(followers.strategy, learningClient(address), inForce);
  const { totalCycles } = await client.getStatus({});
  console.log(
    `traces: ${recorded.join(' + ')} tasks; ${totalCycles} cycles, of which ${ranByHand + 1} on ` +
      `demand; ${inForce.length} deltas in force, each streamed once to each of three`,
  );
  for (const follower of Object.values(followers)) follower.close();
});

interface Followers {
  readonly snapshot: Follower;
  readonly fromZero: Follower;
  readonly strategy: Follower;
}

function openFollowers(address: string): Followers {
  const followers = {
    snapshot: new Follower({ clientId: 'snapshot' }),
    fromZero: new Follower({ clientId: 'from-zero', afterSequence: 0n }),
    strategy: new Follower({ clientId: 'strategy', types: [DeltaType.STRATEGY] }),
  };
  for (const follower of Object.values(followers)) void follower.open(learningClient(address));
  return followers;
}

/** Half of a trace goes as single tasks, half in batches; answers how many were recorded. */
async function replay(client: LearningClient, tasks: readonly Task[]): Promise<number> {
  const middle = Math.floor(tasks.length / 2);
  const singles = tasks.slice(0, middle);
  const [one, other] = await Promise.all([
    replaySingles(client, singles),
    replayBatches(client, tasks.slice(middle)),
  ]);
  return one + other;
}

async function replaySingles(client: LearningClient, tasks: readonly Task[]): Promise<number> {
  const left = [...tasks];
  let recorded = 0;
  const lane = async () => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const { duplicate } = await client.recordTask({ task, metrics: METRICS });
      if (!duplicate) recorded += 1;
    }
  };
  await Promise.all(Array.from({ length: SINGLES_IN_FLIGHT }, lane));
  return recorded;
}

async function replayBatches(client: LearningClient, tasks: readonly Task[]): Promise<number> {
  const stream = client.recordTasks();
  for (let from = 0; from < tasks.length; from += BATCH) {
    stream.write({ tasks: tasks.slice(from, from + BATCH), metrics: METRICS });
  }
  stream.end();
  let recorded = 0;
  for await (const counts of stream) recorded = Number(counts.recordedCount);
  return recorded;
}

/** Cycles on demand beside those of the timer; answers how many. */
async function runCycles(address: string, isDone: () => boolean): Promise<number> {
  const admin = adminClient(address);
  let count = 0;
  for (; !isDone(); count += 1) await admin.runCycle({});
  return count;
}

/** Without what became known of them later. */
function asApplied(deltas: readonly Delta[]) {
  return deltas.map((delta) => ({ ...delta, effect: undefined }));
}

async function checkStreams(followers: Followers, inForce: readonly Delta[]): Promise<void> {
  const { snapshot, fromZero, strategy } = followers;
  const latest = BigInt(inForce.length);
  expect(inForce.map(({ sequence }) => Number(sequence))).toEqual(inForce.map((_, i) => i + 1));
  expect(inForce.length).toBeGreaterThan(0);
  await Promise.all([snapshot.until(latest), fromZero.until(latest)]);
  for (const { faults } of Object.values(followers)) expect(faults).toEqual([]);
  expect(asApplied(fromZero.deltas)).toEqual(asApplied(inForce));
  expect(fromZero.snapshots).toEqual([]);

  const [start, ...others] = snapshot.snapshots;
  expect(start?.outcome).toBe(SnapshotOutcome.INITIAL);
  expect(others).toEqual([]);
  expect(asApplied(snapshot.deltas)).toEqual(asApplied(inForce.slice(Number(start?.sequence))));

  // Filtered: nothing says that it is through but a heartbeat, which counts what was skipped.
  expect(await strategy.heartbeat()).toBe(latest);
  const from = strategy.snapshots[0]?.sequence ?? 0n;
  const wanted = inForce.filter((d) => d.type === DeltaType.STRATEGY && d.sequence > from);
  expect(asApplied(strategy.deltas)).toEqual(asApplied(wanted));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.length).toBeLessThan(inForce.length);
}

async function checkCounts(
  client: LearningClient,
  deltas: readonly Delta[],
  taskIds: ReadonlySet<string>,
): Promise<void> {
  const status = await client.getStatus({});
  const cycles = await allCycles(client);
  const proposed = sum(cycles.map(({ deltasProposed }) => deltasProposed));
  const applied = sum(cycles.map(({ deltasApplied }) => deltasApplied));
  expect(Number(status.totalTasksRecorded)).toBe(taskIds.size);
  expect(Number(status.tasksInHistory)).toBe(HISTORY_LIMIT);
  expect(Number(status.totalCycles)).toBe(cycles.length);
  expect(cycles.map(({ number }) => Number(number))).toEqual(cycles.map((_, i) => i + 1));
  expect(Number(status.totalDeltasProposed)).toBe(deltas.length);
  expect(Number(status.totalDeltasProposed)).toBe(proposed);
  expect(Number(status.totalEvaluations)).toBe(proposed);
  expect(Number(status.totalDeltasApplied)).toBe(applied);
  expect(Number(status.latestSequence)).toBe(applied);
  expect(Number(status.recommendedDeltas)).toBe(
    deltas.filter(({ evaluation }) => evaluation?.recommended).length,
  );
  const { totalProposed, totalApplied, pendingOrRejected, byType } = await client.getDeltaStatus(
    {},
  );
  expect([totalProposed, totalApplied].map(Number)).toEqual([proposed, applied]);
  expect(Number(pendingOrRejected)).toBe(proposed - applied);
  const ofType = (type: DeltaType) => BigInt(deltas.filter((delta) => delta.type === type).length);
  expect(byType).toEqual({
    coordination: ofType(DeltaType.COORDINATION),
    strategy: ofType(DeltaType.STRATEGY),
    resource: ofType(DeltaType.RESOURCE),
    metric: ofType(DeltaType.METRIC),
  });
}

/** A filtered stream goes on from its heartbeat: what it had skipped is not told again. */
async function checkFilterResumes(
  strategy: Follower,
  client: LearningClient,
  inForce: readonly Delta[],
): Promise<void> {
  const told = strategy.arrivals.length;
  strategy.close();
  const resumed = new Follower({
    clientId: 'resumed',
    types: [DeltaType.STRATEGY],
    afterSequence: strategy.sequence ?? 0n,
  });
  void resumed.open(client);
  const whole = new Follower({
    clientId: 'whole',
    types: [DeltaType.STRATEGY],
    afterSequence: 0n,
  });
  void whole.open(client);
  const last = inForce.findLast(({ type }) => type === DeltaType.STRATEGY);
  await whole.until(last?.sequence ?? 0n);
  const before = strategy.snapshots[0]?.sequence ?? 0n;
  const later = whole.deltas.filter(({ sequence }) => sequence > before);
  expect(later.length).toBe(told);
  expect(resumed.deltas).toEqual([]);
  resumed.close();
  whole.close();
}

function sum(counts: readonly bigint[]): number {
  return counts.reduce((total, count) => total + Number(count), 0);
}
