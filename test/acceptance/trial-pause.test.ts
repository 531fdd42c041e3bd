import { once } from 'node:events';
import { expect, test } from 'vitest';
import { DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { Arm, type StreamDeltasResponse } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import type { Clients } from '../support/clients/clients.ts';
import { wanderingNoise } from '../support/engine/noise.ts';
import { chooseSeed } from '../support/engine/seed.ts';
import { allDeltas } from '../support/ledger/history.ts';
import { type Levels, levelsOf, VirtualWork } from '../support/load/virtual-work.ts';
import {
  beginTrial,
  deltaOf,
  WARM_UP_TASKS,
  workUntilJudged,
  workUntilProven,
} from '../support/load/work-ports.ts';
import { MortalSidecar } from '../support/sidecar/mortal-sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { ASSIGNMENTS, type Assignment, writeTrialConfig } from '../support/trials/trial-config.ts';
import { TrialPort } from '../support/trials/trial-port.ts';

/** A trial finds a doubled latency in more tasks than this. */
const TASKS_BEFORE = 6;
const TASKS_PAUSED = 30;

test.each(ASSIGNMENTS)('paused trials leave the old value, by %s', async (assignment) => {
  const seed = chooseSeed(`trial-pause, ${assignment}`);
  const config = writeTrialConfig({ assignment, seed });
  const sidecar = await MortalSidecar.start({ dataDir: tempDir(), config });
  const port = new TrialPort(assignment);
  await port.connect(sidecar.clients.client);
  const noise = wanderingNoise(seed, 0.2);
  const work = new VirtualWork(port, (i, { level }) => ({
    latencyMs: 1000 * Math.exp(noise(i)) * (level === 1 ? 2 : 1),
  }));
  const deltaId = await beginTrial(work, sidecar.clients);
  await step(work, TASKS_BEFORE);
  while (assignment === 'switchback' && port.streamed?.current.levels.level !== 1) {
    await work.step();
  }

  const { admin, client } = sidecar.clients;
  expect(await admin.pauseTrials({})).toMatchObject({ paused: true });
  const switches = await checkSwitchBack(assignment, sidecar.clients, port, deltaId);
  const { effect } = await checkPaused(sidecar.clients, deltaId, 'asks-while-paused');
  await step(work, TASKS_PAUSED);
  expect(await admin.pauseTrials({})).toMatchObject({ paused: true });
  expect((await checkPaused(sidecar.clients, deltaId, 'asks-later')).effect).toEqual(effect);
  expect((await client.getStatus({})).latestSequence).toBe(switches);

  await port.disconnect();
  await sidecar.kill();
  await sidecar.restart();
  await port.connect(sidecar.clients.client);
  await step(work, TASKS_PAUSED);
  expect((await checkPaused(sidecar.clients, deltaId, 'asks-anew')).effect).toEqual(effect);

  expect(await sidecar.clients.admin.resumeTrials({})).toMatchObject({ paused: false });
  await checkResumed(assignment, sidecar.clients, port, switches);
  const judged = await workUntilJudged(work, sidecar.clients.client, deltaId);
  expect(judged).toMatchObject({ state: DeltaState.REVERTED, effect: { verdict: Verdict.HARMED } });
  expect((await resolve(sidecar.clients)).level).toBe(0);
  console.log(
    `trial-pause: ${assignment}: paused with ${effect?.tasksUsed} tasks used, ${switches} deltas ` +
      `in force; the old value for ${2 * TASKS_PAUSED} tasks and over a kill; resumed; ` +
      `${judged.effect?.summary}`,
  );
});

test('what is on probation stays in force while trials are paused, and goes on after', async () => {
  const seed = chooseSeed('trial-pause, probation');
  const config = writeTrialConfig({ assignment: 'task', seed });
  const sidecar = await MortalSidecar.start({ dataDir: tempDir(), config });
  const port = new TrialPort('task');
  await port.connect(sidecar.clients.client);
  const noise = wanderingNoise(seed, 0.2);
  const work = new VirtualWork(port, (i, { level }) => ({
    latencyMs: 1000 * Math.exp(noise(i)) * (level === 1 ? 0.5 : 1),
  }));
  const deltaId = await beginTrial(work, sidecar.clients);
  const judged = await workUntilJudged(work, sidecar.clients.client, deltaId);
  expect(judged).toMatchObject({
    state: DeltaState.PROVISIONAL,
    effect: { verdict: Verdict.HELPED },
  });
  await sidecar.clients.admin.pauseTrials({});
  const checkInForce = async () => {
    const { client } = sidecar.clients;
    const asked = await client.resolveParameters({ taskId: `asks-${work.begun}` });
    expect(asked).toMatchObject({ arm: Arm.UNSPECIFIED, assignments: [] });
    expect(levelsOf(asked.parameters).level).toBe(1);
    expect((await resolve(sidecar.clients)).level).toBe(1);
    return (await deltaOf(client, deltaId)).effect?.tasksUsed;
  };
  const used = await checkInForce();
  await step(work, TASKS_PAUSED);
  await sidecar.kill();
  await sidecar.restart();
  await port.connect(sidecar.clients.client);
  await step(work, TASKS_PAUSED);
  expect(await checkInForce()).toBe(used);
  await sidecar.clients.admin.resumeTrials({});
  const proven = await workUntilProven(work, sidecar.clients.client, deltaId);
  expect(proven).toMatchObject({
    state: DeltaState.CONFIRMED,
    effect: { verdict: Verdict.HELPED },
  });
  console.log(`trial-pause: probation: ${proven.effect?.summary}`);
});

test('no trial begins while trials are paused', async () => {
  const config = writeTrialConfig({ assignment: 'task', seed: 0 });
  const sidecar = await MortalSidecar.start({ dataDir: tempDir(), config });
  const { admin, client } = sidecar.clients;
  const stateOf = async () => (await client.listDeltas({})).deltas.map(({ state }) => state);
  await admin.pauseTrials({});
  for (let i = 0; i < WARM_UP_TASKS; i += 1) await client.recordTask({ task: {} });
  await admin.runCycle({});
  expect(await stateOf()).toEqual([DeltaState.PROPOSED]);
  await admin.resumeTrials({});
  await admin.runCycle({});
  expect(await stateOf()).toEqual([DeltaState.TRIAL]);
});

/** Answers how many deltas are in force: with switchback, the last of them ended the new value. */
async function checkSwitchBack(
  assignment: Assignment,
  { client }: Clients,
  { streamed }: TrialPort,
  deltaId: string,
): Promise<bigint> {
  const { latestSequence } = await client.getStatus({});
  if (assignment === 'task') {
    expect(latestSequence).toBe(0n);
    return latestSequence;
  }
  await streamed?.until(latestSequence);
  expect(streamed?.current.levels.level).toBe(0);
  const last = (await allDeltas(client, true)).at(-1);
  expect(last).toMatchObject({ sequence: latestSequence, trialDeltaId: deltaId });
  expect(numberOf(last?.oldValue)).toBe(1);
  expect(numberOf(last?.newValue)).toBe(0);
  return latestSequence;
}

/** Everyone is told the old value, and nothing is judged. Answers the delta on trial. */
async function checkPaused(clients: Clients, deltaId: string, taskId: string) {
  const { client, admin } = clients;
  const named = await client.resolveParameters({ taskId });
  expect(named).toMatchObject({ arm: Arm.UNSPECIFIED, trialDeltaId: '', assignments: [] });
  expect(levelsOf(named.parameters).level).toBe(0);
  expect((await resolve(clients)).level).toBe(0);
  expect((await snapshot(clients)).level).toBe(0);
  await admin.runCycle({});
  const { deltas } = await client.listDeltas({ states: [DeltaState.TRIAL] });
  expect(deltas.map((delta) => delta.deltaId)).toEqual([deltaId]);
  return deltaOf(client, deltaId);
}

async function checkResumed(
  assignment: Assignment,
  { client }: Clients,
  { streamed }: TrialPort,
  switches: bigint,
): Promise<void> {
  const { latestSequence } = await client.getStatus({});
  const taskId = 'asks-when-resumed';
  const { arm, trialDeltaId, assignments } = await client.resolveParameters({ taskId });
  expect(arm).not.toBe(Arm.UNSPECIFIED);
  expect(trialDeltaId).not.toBe('');
  expect(assignments).toMatchObject([{ deltaId: trialDeltaId, arm }]);
  if (assignment === 'task') {
    // What it does not report would be waited for.
    const latencyMs = arm === Arm.NEW ? 2000 : 1000;
    await client.recordTask({ task: { taskId, status: TaskStatus.SUCCESS, latencyMs } });
    return;
  }
  expect(latestSequence).toBe(switches + 1n);
  await streamed?.until(latestSequence);
  expect(streamed?.current.levels.level).toBe(arm === Arm.NEW ? 1 : 0);
}

async function resolve({ client }: Clients): Promise<Levels> {
  const { parameters, arm } = await client.resolveParameters({});
  expect(arm).toBe(Arm.UNSPECIFIED);
  return levelsOf(parameters);
}

/** What a client is told that begins to follow the deltas now. */
async function snapshot({ client }: Clients): Promise<Levels> {
  const stream = client.streamDeltas({});
  const [message]: StreamDeltasResponse[] = await once(stream, 'data');
  stream.on('error', () => {}); // It says that it was cancelled.
  stream.cancel();
  const event = message?.event;
  if (event?.case !== 'snapshot') throw new Error(`it began with ${event?.case}`);
  return levelsOf(event.value.parameters);
}

function numberOf(value: Parameters<typeof levelsOf>[0][string] | undefined): number | undefined {
  return value && levelsOf({ value }).value;
}

async function step(work: VirtualWork, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await work.step();
}
