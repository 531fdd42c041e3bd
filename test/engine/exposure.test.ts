import { expect, test } from 'vitest';
import { createTrialFixture, trialYaml } from '../support/trials/trial-fixture.ts';

/** What a task of a trial says that it was given, by its arm. */
type Told = (arm: 'old' | 'new') => Readonly<Record<string, readonly string[]>>;

async function cancelledAfter(told: Told, tasks = 6) {
  const fixture = await createTrialFixture(trialYaml());
  const deltaId = await fixture.begin();
  for (let index = 0; index < tasks; index += 1) {
    const taskId = `t${index}`;
    const { assignments, deltaSequence } = await fixture.engine.resolve({ taskId, labels: {} });
    const arm = assignments.find((one) => one.deltaId === deltaId)?.arm;
    if (arm === undefined) throw new Error('the task has no arm');
    await fixture.clock.advance(1000);
    await fixture.engine.recordTasks([
      {
        ...{ taskId, agentId: '', status: 'success', latencyMs: 100, deltaSequence },
        ...{ finishTimeMs: fixture.clock.now(), labels: {}, measurements: {} },
        variants: told(arm),
      },
    ]);
  }
  const { trial } = fixture;
  if (trial === undefined) throw new Error('the trial is over');
  return { cancelled: trial.cancelled.old + trial.cancelled.new, used: trial.tasksUsed, fixture };
}

test('a task that was given its arm counts', async () => {
  const { cancelled, used } = await cancelledAfter((arm) => ({ level: [arm] }));
  expect({ cancelled, used }).toEqual({ cancelled: 0, used: 6 });
});

test('what is told of other parameters does not matter', async () => {
  const { cancelled } = await cancelledAfter(() => ({ other: ['baseline'] }));
  expect(cancelled).toBe(0);
});

test.for<[string, Told]>([
  ['the other arm', (arm) => ({ level: [arm === 'old' ? 'new' : 'old'] })],
  ['the value in force, as a cache has it', () => ({ level: ['baseline'] })],
  ['its arm and something else', (arm) => ({ level: ['baseline', arm] })],
  ['nothing, since the evaluation failed', () => ({ level: ['error'] })],
  ['the default of the caller', () => ({ level: [''] })],
])('a task that was given %s tells nothing, as one that was cancelled', async ([, told]) => {
  const { cancelled, used } = await cancelledAfter(told);
  expect({ cancelled, used }).toEqual({ cancelled: 6, used: 0 });
});

test('what was given is not kept', async () => {
  const { fixture } = await cancelledAfter((arm) => ({ level: [arm] }), 2);
  for (const task of fixture.state.newestTasks(2)) expect(task).not.toHaveProperty('variants');
});
