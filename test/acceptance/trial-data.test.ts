import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Delta, DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { Arm } from '../../src/gen/learning/v1/learning_service_pb.ts';
import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { type Clients, clientsOf } from '../support/clients/clients.ts';
import { wanderingNoise } from '../support/engine/noise.ts';
import { chooseSeed } from '../support/engine/seed.ts';
import { levelsOf, type Perform, VirtualWork } from '../support/load/virtual-work.ts';
import { beginTrial, deltaOf, workUntilJudged } from '../support/load/work-ports.ts';
import { type Sidecar, startSidecar } from '../support/sidecar/sidecar.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { ASSIGNMENTS, type TrialConfig, writeTrialConfig } from '../support/trials/trial-config.ts';
import { TrialPort } from '../support/trials/trial-port.ts';

interface OnTrial extends Clients {
  readonly sidecar: Sidecar;
  readonly port: TrialPort;
  readonly work: VirtualWork;
  readonly deltaId: string;
}

/** A sidecar with a trial on, and work that goes on. */
async function onTrial(config: TrialConfig, perform: Perform): Promise<OnTrial> {
  const sidecar = await startSidecar({ dataDir: tempDir(), config: writeTrialConfig(config) });
  const clients = clientsOf(sidecar.address);
  const port = new TrialPort(config.assignment === 'task' ? 'task' : 'switchback');
  await port.connect(clients.client);
  const work = new VirtualWork(port, perform);
  const deltaId = await beginTrial(work, clients);
  return { sidecar, ...clients, port, work, deltaId };
}

/** What blocks of 5 tasks need until ten of each arm have failed, and more. */
const TASKS_DOWN = 90;
const TASKS_PAUSED = 20;

test.each(ASSIGNMENTS)('an outage pauses a trial, by %s', async (assignment) => {
  const seed = chooseSeed(`trial-outage, ${assignment}`);
  const noise = wanderingNoise(seed, 0.2);
  let isDown = false;
  const trial = await onTrial({ assignment, seed }, (i, { level }) => {
    // Longer than any other takes: what was started before ends before, and no success is late.
    if (isDown) return { latencyMs: 5000, status: TaskStatus.TIMEOUT };
    return { latencyMs: 1000 * Math.exp(noise(i)) * (level === 1 ? 2 : 1) };
  });
  const { work, client, deltaId, sidecar } = trial;
  // From the start: pairs that it divides are evidence of its own, and a verdict would be later.
  isDown = true;
  await step(work, TASKS_DOWN);
  await sidecar.find(lineOf('trial: pause'));
  const paused = await checkPaused(trial);
  await step(work, TASKS_PAUSED);
  expect(await checkPaused(trial)).toEqual(paused);
  expect(sidecar.lines.filter(lineOf('trial: pause')).length).toBe(1);
  expect(sidecar.lines.filter(lineOf('trial: resume'))).toEqual([]);

  isDown = false;
  const judged = await workUntilJudged(work, client, deltaId);
  await sidecar.find(lineOf('trial: resume'));
  expect(judged).toMatchObject({ state: DeltaState.REVERTED, effect: { verdict: Verdict.HARMED } });
  expect(await levelOf(client)).toBe(0);
  console.log(
    `trial-outage: ${assignment}: paused with ${paused.effect?.tasksUsed} tasks used and no ` +
      `verdict, resumed; ${judged.effect?.summary}`,
  );
});

/** No verdict, and the old value for everyone. */
async function checkPaused({ client, deltaId, port }: OnTrial): Promise<Delta> {
  const delta = await deltaOf(client, deltaId);
  expect(delta.state).toBe(DeltaState.TRIAL);
  expect(delta.effect?.verdict).toBe(Verdict.UNSPECIFIED);
  const asked = await client.resolveParameters({ taskId: 'asks-while-paused' });
  expect(asked).toMatchObject({ arm: Arm.UNSPECIFIED, trialDeltaId: '' });
  expect(levelsOf(asked.parameters).level).toBe(0);
  expect(port.streamed?.current.levels.level ?? 0).toBe(0);
  return delta;
}

async function step(work: VirtualWork, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await work.step();
}

/** Finds a line of the log by its message. */
function lineOf(message: string): (line: string) => string | undefined {
  return (line) => (line.includes(`"msg":"${message}"`) ? line : undefined);
}

async function levelOf({ resolveParameters }: Clients['client']): Promise<number | undefined> {
  const { parameters } = await resolveParameters({});
  return levelsOf(parameters).level;
}

/** Of so many tasks some are never heard of: more than chance makes of the fifth that is let pass. */
const OF_TASKS = 5;
const LOST = 2;
/** More than a trial takes. */
const TASKS = 260;
const LOOK_AGAIN_MS = 50;

// Outcomes that are missing count as failures until then: by chance, in at most 5 % of trials, harm is found first.
test('where two of five outcomes are missing, a trial is invalid, by task', {
  retry: 1,
}, async () => {
  const seed = chooseSeed('trial-missing, task');
  const config: TrialConfig = { assignment: 'task', seed, trial: { outcome_timeout_seconds: 1 } };
  const { work, client, deltaId } = await onTrial(config, (i) => ({
    latencyMs: 1000,
    isLost: i >= 40 && i % OF_TASKS < LOST,
  }));
  await step(work, TASKS);
  await expectInvalid(client, deltaId);
});

test('where two of five tasks are of no block, a trial is invalid, by switchback', async () => {
  const seed = chooseSeed('trial-missing, switchback');
  const trial = { outcome_timeout_seconds: 0.2 };
  let runs = 0;
  const config: TrialConfig = { assignment: 'switchback', seed, trial };
  const { port, client, deltaId } = await onTrial(config, () => ({ latencyMs: 1000 }));
  for (;;) {
    const { deltaSequence } = port.streamed?.current ?? {};
    if (deltaSequence === undefined) throw new Error('it does not follow the deltas');
    for (let i = 0; i < OF_TASKS; i += 1) {
      runs += 1;
      // As if they had begun before the first block.
      const stray = { latencyMs: 600_000, deltaSequence: 0n };
      const task = i < LOST ? stray : { latencyMs: 1000, deltaSequence };
      await client.recordTask({
        task: { taskId: `run-${runs}`, status: TaskStatus.SUCCESS, ...task },
      });
    }
    const isOver = async () => (await deltaOf(client, deltaId)).state !== DeltaState.TRIAL;
    while (port.streamed?.current.deltaSequence === deltaSequence && !(await isOver())) {
      await delay(LOOK_AGAIN_MS);
    }
    if (await isOver()) break;
  }
  await expectInvalid(client, deltaId);
});

/** It may take as long as an outcome may. */
async function expectInvalid(client: Clients['client'], deltaId: string): Promise<void> {
  const verdictOf = async () => (await deltaOf(client, deltaId)).effect?.verdict;
  await expect.poll(verdictOf, { timeout: 20_000 }).toBe(Verdict.INVALID);
  const { state, effect } = await deltaOf(client, deltaId);
  expect(state).toBe(DeltaState.REVERTED);
  expect(effect?.summary).toContain('missing');
  expect(await levelOf(client)).toBe(0);
  console.log(`trial-missing: ${effect?.tasksUsed} tasks used; ${effect?.summary}`);
}
