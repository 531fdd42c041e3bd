import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import type { Follower } from '../../src/engine/decision/environment.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { configOf, taskOf, tasksOf } from '../support/engine/engine-fixture.ts';
import {
  ASSIGNMENTS,
  createTrialFixture,
  faster,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

// What trials must not put in force, and what must not hold them up.

test.each(ASSIGNMENTS)(
  'a revert for want of an acknowledgement ends the trial that began from its value, by %s',
  async (assignment) => {
    const text = { assignment, curation: 'ack_timeout_seconds: 300', trial: 'timeout_ms: 1' };
    const rules = [{ value: 'parameters.level + 1.0', more: 'guards: []' }];
    const fixture = await createTrialFixture(trialYaml({ ...text, rules }));
    const first = await fixture.begin();
    await fixture.runUntil(first, 'confirmed', faster);
    expect(fixture.level).toBe(1);
    await fixture.clock.advance(11_000);
    await fixture.news();
    const second = await fixture.begin();
    fixture.engine.setActive(false);
    fixture.engine.start();
    await fixture.clock.advance(301_000);
    expect(fixture.delta(second)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
    });
    expect(fixture.level).toBe(0);
    fixture.engine.stop();
  },
);

test('from where the value has gone meanwhile, what waits may be too far a step', async () => {
  const rules = [{}, { id: 'step', target: 'other', value: 'parameters.other + 1.0' }];
  const fixture = await createTrialFixture(trialYaml({ rules, spec: 'max_step: 1' }));
  await fixture.begin();
  await fixture.setLevel(5, 'other');
  await fixture.clock.advance(11_000);
  await fixture.runOut(slower);
  await fixture.news();
  const [waiting] = [...fixture.state.pending()];
  expect(waiting).toMatchObject({ target: 'other', newValue: 1 });
  await fixture.clock.advance(11_000);
  await fixture.begin();
  // The rule has proposed anew; the old proposal has made way.
  expect(fixture.trial?.plan).toMatchObject({ target: 'other', oldValue: 5, newValue: 6 });
  expect(fixture.delta(waiting?.deltaId ?? '')).toMatchObject({ state: 'expired' });
});

test('a full hour begins no trial, whose delta could not be put in force', async () => {
  const rules = [{}, { id: 'now', target: 'other', value: '1', more: 'mode: apply' }];
  const yaml = trialYaml({ rules, curation: 'max_deltas_per_hour: 1' });
  const fixture = await createTrialFixture(yaml);
  await fixture.engine.runCycle();
  await fixture.runOut(faster);
  await fixture.clock.advance(30_000);
  await fixture.cycle();
  expect(fixture.trial).toBeUndefined();
});

test('a full hour is said to be what proposals wait for', async () => {
  const rules = [{}, { id: 'now', target: 'other', value: '1', more: 'mode: apply' }];
  const fixture = await createTrialFixture(
    trialYaml({ rules, curation: 'max_deltas_per_hour: 1' }),
  );
  await fixture.engine.decide(setTrialsPaused(true));
  await fixture.cycle();
  await fixture.engine.decide(setTrialsPaused(false));
  await fixture.news();
  await fixture.cycle();
  expect(fixture.trial).toBeUndefined();
  const waiting = () =>
    fixture.engine.settings.rules.map((rule) => fixture.engine.ruleStatus(rule).waiting);
  expect(waiting()).toEqual([
    '1 deltas were put in force in the last hour, of 1 by curation.max_deltas_per_hour',
    '',
  ]);
  await fixture.clock.advance(3_660_000);
  expect(waiting()).toEqual(['', '']);
});

describe('a config', () => {
  test.each(ASSIGNMENTS)(
    'that takes a rule off trials ends the one that is on, by %s',
    async (assignment) => {
      const fixture = await createTrialFixture(trialYaml({ assignment }));
      const deltaId = await fixture.begin();
      const rules = [{ more: 'mode: recommend' }];
      await fixture.engine.configure(configOf(trialYaml({ assignment, rules })));
      expect(fixture.delta(deltaId)).toMatchObject({ state: 'reverted' });
      expect(fixture.delta(deltaId).summary).toContain('no longer in mode trial');
      expect(fixture.level).toBe(0);
    },
  );

  test('that takes a rule off trials leaves nothing waiting for one', async () => {
    const fixture = await createTrialFixture(trialYaml());
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.cycle();
    await fixture.engine.configure(configOf(trialYaml({ rules: [{ more: 'mode: apply' }] })));
    expect([...fixture.state.pending()]).toEqual([]);
    await fixture.cycle();
    expect(fixture.level).toBe(1);
  });
});

describe('assignment: auto, after a restart', () => {
  const yaml = trialYaml({ assignment: 'auto' });

  test('waits until it can tell how the orchestrator works', async () => {
    const first = await createTrialFixture(yaml);
    const { engine, cycle, trial, clock } = await first.reopen(yaml).then((fixture) => ({
      engine: fixture.engine,
      clock: fixture.clock,
      cycle: () => fixture.cycle(),
      trial: () => fixture.trial,
    }));
    // It began before the restart, and may have asked then.
    await engine.recordTasks([taskOf({ taskId: 'old', latencyMs: 5000 })]);
    await cycle();
    expect(trial()).toBeUndefined();
    await engine.resolve({ taskId: 'new', labels: {} });
    await clock.advance(1000);
    await engine.recordTasks([taskOf({ taskId: 'new', latencyMs: 100 })]);
    await cycle();
    expect(trial()?.plan.assignment).toBe('task');
  });

  test('a task that is recorded again says nothing', async () => {
    const fixture = await createTrialFixture(yaml);
    for (let i = 0; i < 30; i += 1) {
      await fixture.engine.resolve({ taskId: `t${i}`, labels: {} });
      const task = taskOf({ taskId: `t${i}`, finishTimeMs: fixture.clock.now() });
      for (let n = 0; n < 3; n += 1) await fixture.engine.recordTasks([task]);
    }
    await fixture.begin();
    expect(fixture.trial?.plan.assignment).toBe('task');
  });
});

describe('a block of tasks that name no sequence', () => {
  const follower = (more: Partial<Follower> = {}): Follower => ({
    clientId: 'c',
    types: [],
    snapshotSequence: 0,
    ...more,
  });

  /** A trial by blocks that client `c` acknowledges from the start, followed by these. */
  async function followed(followers: () => readonly Follower[]) {
    const fixture = await createTrialFixture(trialYaml({ assignment: 'switchback' }));
    fixture.engine.followedBy(followers);
    const takeUp = async (clientId = 'c') => {
      const { sequence } = fixture.state.head;
      const deltaId = fixture.state.appliedAt(sequence)?.deltaId ?? '';
      await fixture.engine.decide(
        acknowledge({ clientId, epoch: '', deltaId, refusal: undefined }),
      );
    };
    // Those who acknowledge have done so before.
    await fixture.setLevel(3, 'other');
    await takeUp('c');
    await takeUp('d');
    await fixture.begin();
    return { fixture, takeUp };
  }

  const isReady = ({ block }: TrialFixture) => block?.acknowledgedMs !== undefined;

  test('waits for every client that acknowledges', async () => {
    const all = [follower(), follower({ clientId: 'd' })];
    const { fixture, takeUp } = await followed(() => all);
    await takeUp('d');
    expect(isReady(fixture)).toBe(false);
    await takeUp('c');
    expect(isReady(fixture)).toBe(true);
  });

  test('does not wait for one that is not told of such deltas, nor for one that looks on', async () => {
    const all = [
      follower(),
      follower({ clientId: 'd', types: ['metric'] }),
      follower({ clientId: 'w' }),
    ];
    const { fixture, takeUp } = await followed(() => all);
    await takeUp();
    expect(isReady(fixture)).toBe(true);
  });

  test('a snapshot since its switch is as good as an acknowledgement', async () => {
    let all: readonly Follower[] = [follower()];
    const { fixture, takeUp } = await followed(() => all);
    await takeUp();
    await fixture.clock.advance(1000);
    await fixture.engine.recordTasks(tasksOf(5, { finishTimeMs: fixture.clock.now() }));
    expect(isReady(fixture)).toBe(false);
    all = [follower({ snapshotSequence: fixture.state.head.sequence })];
    await fixture.engine.recordTasks([taskOf({ finishTimeMs: fixture.clock.now() })]);
    expect(isReady(fixture)).toBe(true);
  });

  test('a sequence that no delta has yet belongs to no block', async () => {
    const { fixture } = await followed(() => []);
    await fixture.engine.recordTasks(tasksOf(5, { deltaSequence: 999_999 }));
    expect(fixture.block?.outcomes).toEqual([]);
  });
});

test('huge measurements do not hide the harm that others show', async () => {
  const more = 'primary: { measurement: cost, better: lower }, guards: [success]';
  const yaml = trialYaml({ assignment: 'switchback', rules: [{ more }] });
  const fixture = await createTrialFixture(yaml);
  const deltaId = await fixture.begin();
  await fixture.runOut((level) => ({
    status: level === 1 ? 'failure' : 'success',
    measurements: { cost: Number.MAX_VALUE },
  }));
  expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'harmed' } });
});
