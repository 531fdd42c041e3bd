import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import type { Cycle } from '../../src/gen/learning/v1/cycle_pb.ts';
import { type Delta, DeltaState } from '../../src/gen/learning/v1/delta_pb.ts';
import { TaskSchema } from '../../src/gen/learning/v1/task_pb.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { fromProtoTask } from '../../src/wire/from-proto.ts';
import { adminClient, type LearningClient, learningClient } from '../support/clients/clients.ts';
import { Follower } from '../support/clients/follower.ts';
import { writeReferenceConfig } from '../support/engine/reference-config.ts';
import { chooseSeed, type SeededRandom, seededRandom } from '../support/engine/seed.ts';
import { allCycles, allDeltas, inForceOrder } from '../support/ledger/history.ts';
import { Ledgerbook, loadUntilGone } from '../support/load/kill-load.ts';
import { TaskBook, taskOfId } from '../support/load/task-book.ts';
import { type SidecarOptions, spawnSidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const ROUNDS = 50;
const HISTORY_LIMIT = 100;

/** So much is retained that everything can be counted at the end. */
const RETAIN_ALL = {
  ledger: { retain_deltas: 100_000, retain_cycles: 100_000 },
  recording: { dedup_window: 2_000_000 },
};

interface Campaign {
  readonly options: SidecarOptions;
  readonly random: SeededRandom;
  readonly tasks: TaskBook;
  readonly book: Ledgerbook;
  readonly followers: readonly Follower[];
}

test(`${ROUNDS} kills at random moments lose nothing and double nothing`, async () => {
  const random = seededRandom(chooseSeed('kill'));
  const dataDir = tempDir();
  const config = writeReferenceConfig(tempDir(), RETAIN_ALL);
  const campaign: Campaign = {
    options: { dataDir, config },
    random,
    tasks: new TaskBook(),
    book: new Ledgerbook(),
    followers: [
      new Follower({ clientId: 'from-zero', afterSequence: 0n }),
      new Follower({ clientId: 'from-zero-too', afterSequence: 0n }),
      new Follower({ clientId: 'from-snapshot' }),
    ],
  };
  for (let round = 1; round <= ROUNDS; round += 1) {
    if (round % 5 === 0) await killAtStart(campaign);
    else await killUnderLoad(campaign);
    await checkHistory(campaign);
  }
  await checkAll(campaign);
});

/** A kill that may hit the opening of the ledger. */
async function killAtStart({ options, random }: Campaign): Promise<void> {
  const child = spawnSidecar(options);
  await delay(random.between(50, 700));
  await child.end('SIGKILL');
}

async function killUnderLoad(campaign: Campaign): Promise<void> {
  const { options, random, tasks, book, followers } = campaign;
  const sidecar = await startSidecar(options);
  const client = learningClient(sidecar.address);
  const admin = adminClient(sidecar.address);
  await client.reportMetrics({ metrics: { subAgentCount: 9, cpuPercent: 90 } });
  const ended = followers.map((follower) => follower.open(client));
  await checkAcknowledgements(client, campaign);
  const load = loadUntilGone({ client, admin, followers, tasks, book, random });
  await delay(random.between(5, 450));
  await sidecar.kill();
  await Promise.all([load, ...ended]);
  client.close();
  admin.close();
}

/** What was promised before the kill holds after it. */
async function checkAcknowledgements(client: LearningClient, campaign: Campaign): Promise<void> {
  const { tasks, book, followers } = campaign;
  const status = await client.getStatus({});
  expect(Number(status.totalTasksRecorded)).toBeGreaterThanOrEqual(tasks.acknowledged.size);
  expect(Number(status.totalTasksRecorded)).toBeLessThanOrEqual(tasks.sent.size);
  expect(Number(status.totalCycles)).toBeGreaterThanOrEqual(book.cycles.length);
  for (const { sequence = 0n } of followers) {
    expect(status.latestSequence).toBeGreaterThanOrEqual(sequence);
  }
  for (const { clientId, ackedSequence } of status.subscribers) {
    expect(ackedSequence).toBeGreaterThanOrEqual(book.acknowledged.get(clientId) ?? 0n);
  }
}

/** Reads a copy of what the kill has left: the sidecar is to do its own recovery. */
async function retainedTasks({ options }: Campaign): Promise<readonly Task[]> {
  const copy = join(tempDir(), 'copy');
  cpSync(options.dataDir, copy, { recursive: true });
  const ledger = Ledger.open({
    store: openSqliteStore(copy),
    retention: {
      historyLimit: HISTORY_LIMIT,
      dedupWindow: RETAIN_ALL.recording.dedup_window,
      retainDeltas: RETAIN_ALL.ledger.retain_deltas,
      retainCycles: RETAIN_ALL.ledger.retain_cycles,
    },
    newEpoch: () => 'unused',
    defer: setImmediate,
  });
  const tasks = ledger.state.newestTasks(HISTORY_LIMIT);
  await ledger.close();
  return tasks;
}

/** Each retained task is one that was sent, as it was sent, and once. */
async function checkHistory(campaign: Campaign): Promise<void> {
  const retained = await retainedTasks(campaign);
  const least = Math.min(HISTORY_LIMIT, campaign.tasks.acknowledged.size);
  expect(retained.length).toBeGreaterThanOrEqual(least);
  expect(new Set(retained.map(({ taskId }) => taskId)).size).toBe(retained.length);
  for (const task of retained) {
    expect(campaign.tasks.sent).toContain(task.taskId);
    expect(withoutTime(task)).toEqual(withoutTime(asRecorded(task.taskId)));
  }
}

function asRecorded(taskId: string): Task {
  return fromProtoTask(create(TaskSchema, taskOfId(taskId)), 0);
}

/** Without what the sidecar dates it by. */
function withoutTime({ recordedMs: _, reportMs: __, ...task }: Task): Task {
  return { ...task, finishTimeMs: 0 };
}

async function checkAll(campaign: Campaign): Promise<void> {
  const sidecar = await startSidecar(campaign.options);
  const client = learningClient(sidecar.address);
  const ended = campaign.followers.map((follower) => follower.open(client));
  await checkAcknowledgements(client, campaign);
  await checkTasks(client, campaign);
  const deltas = await allDeltas(client);
  const cycles = await allCycles(client);
  checkCycles(cycles, deltas, campaign);
  await checkStreams(client, deltas, campaign);
  await checkCounters(client, cycles, deltas);
  const { tasks, book, followers } = campaign;
  expect(book.refused.length).toBeGreaterThan(0);
  console.log(
    `kill: ${ROUNDS} kills; ${tasks.sent.size} tasks (${tasks.acknowledged.size} acknowledged), ` +
      `${cycles.length} cycles, ${inForceOrder(deltas).length} deltas in force, ` +
      `${book.refused.length} refused; ${followers.map((f) => f.arrivals.length)} streamed`,
  );
  for (const follower of followers) follower.close();
  await Promise.all(ended);
  await checkLastHistory(client, campaign, () => sidecar.kill());
}

/** All is sent again: what was acknowledged is known, and every id counts once. */
async function checkTasks(client: LearningClient, { tasks }: Campaign): Promise<void> {
  const known = [...tasks.acknowledged];
  expect(await resend(client, known)).toEqual({ recorded: 0, duplicates: known.length });
  const unanswered = [...tasks.unanswered];
  const { recorded, duplicates } = await resend(client, unanswered);
  expect(recorded + duplicates).toBe(unanswered.length);
  const status = await client.getStatus({});
  expect(Number(status.totalTasksRecorded)).toBe(tasks.sent.size);
  expect(Number(status.tasksInHistory)).toBe(HISTORY_LIMIT);
  const everything = [...tasks.sent];
  expect(await resend(client, everything)).toEqual({ recorded: 0, duplicates: everything.length });
  const after = await client.getStatus({});
  expect(Number(after.totalTasksRecorded)).toBe(tasks.sent.size);
}

async function resend(client: LearningClient, ids: readonly string[]) {
  const stream = client.recordTasks();
  for (let from = 0; from < ids.length; from += 1000) {
    stream.write({ tasks: ids.slice(from, from + 1000).map(taskOfId) });
  }
  stream.end();
  let counts = { recorded: 0, duplicates: 0 };
  for await (const { recordedCount, duplicateCount } of stream) {
    counts = { recorded: Number(recordedCount), duplicates: Number(duplicateCount) };
  }
  return counts;
}

/** A cycle is there with all of its deltas, or not at all. */
function checkCycles(cycles: readonly Cycle[], deltas: readonly Delta[], campaign: Campaign) {
  expect(cycles.map(({ number }) => Number(number))).toEqual(cycles.map((_, i) => i + 1));
  const ofCycle = Map.groupBy(deltas, ({ cycleNumber }) => cycleNumber);
  let proposed = 0n;
  for (const cycle of cycles) {
    const own = ofCycle.get(cycle.number) ?? [];
    expect(BigInt(own.length)).toBe(cycle.deltasProposed);
    expect(BigInt(inForceOrder(own).length)).toBe(cycle.deltasApplied);
    proposed += cycle.deltasProposed;
    expect(cycle.totalDeltasHistory).toBe(proposed);
  }
  const byNumber = new Map(cycles.map((cycle) => [cycle.number, cycle]));
  for (const answered of campaign.book.cycles) {
    expect(byNumber.get(answered.number)?.cycleId).toBe(answered.cycleId);
    const own = ofCycle.get(answered.number) ?? [];
    expect(own.map(({ deltaId }) => deltaId)).toEqual(answered.deltas.map((d) => d.deltaId));
  }
}

/** Every stream was told everything in force since it began: once, in order, as it was then. */
async function checkStreams(
  client: LearningClient,
  deltas: readonly Delta[],
  { followers, book }: Campaign,
): Promise<void> {
  const inForce = inForceOrder(deltas);
  const { latestSequence } = await client.getStatus({});
  expect(inForce.map(({ sequence }) => Number(sequence))).toEqual(inForce.map((_, i) => i + 1));
  expect(BigInt(inForce.length)).toBe(latestSequence);
  for (const follower of followers) {
    await follower.until(latestSequence);
    expect(follower.faults).toEqual([]);
    const from = follower.snapshots[0]?.sequence ?? 0n;
    const told = follower.deltas.map(({ deltaId, sequence }) => `${sequence} ${deltaId}`);
    const kept = inForce.slice(Number(from)).map((d) => `${d.sequence} ${d.deltaId}`);
    expect(told).toEqual(kept);
  }
  expect(followers.map(({ snapshots }) => snapshots.length)).toEqual([0, 0, 1]);
  expect(book.faults).toEqual([]);
  const bySequence = new Map(inForce.map((delta) => [delta.sequence, delta.deltaId]));
  for (const { sequence, deltaId } of book.overrides) {
    expect(bySequence.get(sequence)).toBe(deltaId);
  }
  const byId = new Map(deltas.map((delta) => [delta.deltaId, delta]));
  for (const deltaId of book.refused) {
    expect(byId.get(deltaId)?.state).toBe(DeltaState.REVERTED);
  }
}

async function checkCounters(
  client: LearningClient,
  cycles: readonly Cycle[],
  deltas: readonly Delta[],
): Promise<void> {
  const status = await client.getStatus({});
  const proposals = deltas.filter(({ cycleNumber }) => cycleNumber > 0n);
  expect(Number(status.totalCycles)).toBe(cycles.length);
  expect(Number(status.totalDeltasProposed)).toBe(proposals.length);
  expect(Number(status.totalDeltasApplied)).toBe(inForceOrder(proposals).length);
  const { parameters } = await client.resolveParameters({});
  const newest = new Map(inForceOrder(deltas).map((delta) => [delta.target, delta.newValue]));
  for (const [target, value] of newest) expect(parameters[target]).toEqual(value);
}

/** Tasks answered one by one are, after a last kill, what is retained, in their order. */
async function checkLastHistory(
  client: LearningClient,
  campaign: Campaign,
  kill: () => Promise<unknown>,
): Promise<void> {
  const last = Array.from({ length: HISTORY_LIMIT }, (_, i) => `last-${i}`);
  for (const taskId of last) await client.recordTask({ task: taskOfId(taskId) });
  await kill();
  const retained = await retainedTasks(campaign);
  expect(retained.map(({ taskId }) => taskId)).toEqual(last);
}
