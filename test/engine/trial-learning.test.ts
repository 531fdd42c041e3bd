import { describe, expect, test } from 'vitest';
import { configOf, tasksOf } from '../support/engine/engine-fixture.ts';
import {
  createTrialFixture,
  faster,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

/** Runs a trial that finds harm; answers the id of its delta. */
async function harm(fixture: TrialFixture): Promise<string> {
  const deltaId = await fixture.begin();
  // Whatever is on trial is slower than 0.
  await fixture.runOut((level) => ({ latencyMs: level === 0 ? 100 : 200 }));
  expect(fixture.delta(deltaId)).toMatchObject({
    state: 'reverted',
    effect: { verdict: 'harmed' },
  });
  return deltaId;
}

/** Lets time and tasks go by; everybody has the old value. */
async function rest(fixture: TrialFixture, tasks: number, ms: number): Promise<void> {
  await fixture.engine.recordTasks(tasksOf(tasks, { finishTimeMs: fixture.clock.now() }));
  await fixture.clock.advance(ms);
}

function status({ engine }: TrialFixture) {
  const [rule] = engine.settings.rules;
  if (rule === undefined) throw new Error('no rule');
  return engine.ruleStatus(rule);
}

describe('after harm', () => {
  test('the change is not proposed for 100 tasks and 300 s, then twice as many', async () => {
    const fixture = await createTrialFixture(trialYaml());
    for (const tasks of [100, 200, 400]) {
      await harm(fixture);
      const before = fixture.state.head.counters.deltasProposed;
      await rest(fixture, tasks - 1, 300_000);
      expect(await fixture.cycle()).toEqual([]);
      await rest(fixture, 1, 0);
      expect(fixture.state.head.counters.deltasProposed).toBe(before);
    }
    // After three within 24 hours a person is asked.
    expect(await fixture.cycle()).toMatchObject([{ state: 'proposed', waitsFor: 'person' }]);
  });

  test('tasks alone do not do', async () => {
    const fixture = await createTrialFixture(trialYaml());
    await harm(fixture);
    await rest(fixture, 1000, 299_999);
    expect(await fixture.cycle()).toEqual([]);
    expect(status(fixture).restingUntilMs).toBe(fixture.clock.now() + 1);
    await rest(fixture, 0, 1);
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial' }]);
  });

  test('another value of the rule does not rest', async () => {
    const rules = [{ value: 'parameters.other + 1.0' }];
    const fixture = await createTrialFixture(trialYaml({ rules }));
    await harm(fixture);
    await fixture.setLevel(1, 'other');
    await fixture.clock.advance(10_000);
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial', newValue: 2 }]);
  });

  test('the next one has the confidence that was learned', async () => {
    const fixture = await createTrialFixture(trialYaml());
    await harm(fixture);
    expect(status(fixture)).toMatchObject({ harmed: 1, helped: 0, inconclusive: 0 });
    await rest(fixture, 100, 300_000);
    const [delta] = await fixture.cycle();
    expect(delta?.confidence).toBeCloseTo(3.6 / 5, 3);
    expect(delta?.evaluation?.overallScore).toBeCloseTo((40 * 3.6) / 5 + 51, 1);
  });

  test('another text of the rule starts afresh, and rests all the same', async () => {
    const fixture = await createTrialFixture(trialYaml());
    await harm(fixture);
    await fixture.engine.configure(configOf(trialYaml().replace('observed %', 'observed 100%')));
    expect(status(fixture)).toMatchObject({ confidence: 0.9, harmed: 0 });
    await rest(fixture, 99, 300_000);
    expect(await fixture.cycle()).toEqual([]);
    await rest(fixture, 1, 0);
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial', confidence: 0.9 }]);
  });
});

describe.each([
  ['too little confidence', { confidence: 0.6 }, 'reflection: { min_score: 0 }'],
  ['too low a score', { confidence: 0.5 }, 'reflection: { min_score: 70, min_confidence: 0 }'],
])('a rule that has %s by what was learned', (_, rule, top) => {
  const yaml = trialYaml({ rules: [rule], top });

  test('is muted, but has one probe after each rest', async () => {
    const fixture = await createTrialFixture(yaml);
    await harm(fixture);
    await rest(fixture, 100, 299_999);
    expect(await fixture.cycle()).toEqual([]);
    await rest(fixture, 0, 1);
    expect(await fixture.cycle()).toMatchObject([
      { state: 'trial', confidence: expect.any(Number) },
    ]);
    await fixture.runOut();
    // Nothing was found; but a probe is one.
    expect(status(fixture)).toMatchObject({ harmed: 1, inconclusive: 1 });
    await rest(fixture, 99, 300_000);
    expect(await fixture.cycle()).toEqual([]);
    await rest(fixture, 1, 0);
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial' }]);
  });

  test('speaks again when a probe has helped', async () => {
    const fixture = await createTrialFixture(yaml);
    await harm(fixture);
    await rest(fixture, 100, 300_000);
    const deltaId = await fixture.begin();
    await fixture.runOut(faster);
    expect(fixture.delta(deltaId).effect).toMatchObject({ verdict: 'helped' });
    await fixture.setLevel(0);
    await fixture.news();
    await fixture.clock.advance(10_000);
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial' }]);
  });
});

test('a muted rule leaves its target to the next one', async () => {
  const rules = [{ confidence: 0.5 }, { id: 'next', value: '2' }];
  const fixture = await createTrialFixture(trialYaml({ rules }));
  await harm(fixture);
  await fixture.clock.advance(10_000);
  expect(await fixture.cycle()).toMatchObject([{ ruleId: 'next', state: 'trial' }]);
});

describe('three HARMED within 24 hours', () => {
  const rules = [{ value: 'parameters.other + 1.0' }];

  test('leave what the rule proposes to a person, until the first is 24 hours old', async () => {
    const fixture = await createTrialFixture(trialYaml({ rules }));
    for (const other of [0, 1, 2]) {
      await fixture.setLevel(other, 'other');
      await fixture.clock.advance(3_600_000);
      await harm(fixture);
    }
    await fixture.setLevel(3, 'other');
    await fixture.clock.advance(10_000);
    expect(await fixture.cycle()).toMatchObject([
      {
        state: 'proposed',
        waitsFor: 'person',
        summary: 'Waits for approval: the rule has harmed too often of late',
      },
    ]);
    await fixture.setLevel(4, 'other');
    await fixture.clock.advance(22 * 3_600_000);
    expect(await fixture.cycle()).toMatchObject([{ state: 'trial', newValue: 5 }]);
  });
});

test('what ends a trial from outside teaches nothing', async () => {
  const fixture = await createTrialFixture(trialYaml());
  await fixture.begin();
  await fixture.run(slower);
  await fixture.setLevel(5);
  expect(fixture.state.head.rules).toEqual({});
  expect(fixture.state.head.changes).toEqual({});
});

test('an INVALID teaches nothing, but its change rests', async () => {
  const fixture = await createTrialFixture(trialYaml({ trial: 'outcome_timeout_seconds: 30' }));
  fixture.engine.start();
  const deltaId = await fixture.begin();
  // If none came, that would be an outage.
  for (let i = 0; fixture.trial !== undefined && i < 100; i += 1) {
    await fixture.engine.resolve({ taskId: `lost-${i}`, labels: {} });
    await fixture.run();
  }
  expect(fixture.delta(deltaId)).toMatchObject({
    state: 'reverted',
    effect: { verdict: 'invalid' },
    summary: expect.stringMatching(/^Invalid: \d+ of \d+ outcomes are missing/),
  });
  expect(status(fixture)).toMatchObject({ confidence: 0.9, harmed: 0 });
  await rest(fixture, 0, 300_000);
  expect(await fixture.cycle()).toEqual([]);
});
