import { describe, expect, test } from 'vitest';
import { approve, reject } from '../../src/engine/curation.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { taskOf, tasksOf } from '../support/engine/engine-fixture.ts';
import { createTrialFixture, slower, trialYaml } from '../support/trials/trial-fixture.ts';

describe('mode', () => {
  test.each([
    ['trial for all', 'trial', '', 'trial'],
    ['trial for all but this rule', 'trial', 'mode: apply', 'applied'],
    ['trial for this rule alone', 'apply', 'mode: trial', 'trial'],
    ['recommend for this rule', 'trial', 'mode: recommend', 'proposed'],
  ])('%s', async (_, mode, more, state) => {
    const yaml = trialYaml({ rules: [{ more }] }).replace('mode: trial,', `mode: ${mode},`);
    const fixture = await createTrialFixture(yaml);
    expect(await fixture.cycle()).toMatchObject([{ state }]);
    expect(fixture.trial === undefined).toBe(state !== 'trial');
  });

  test('a delta of high risk waits for a person, whatever the mode', async () => {
    const yaml = trialYaml().replace('operation: adjust', 'operation: remove');
    const fixture = await createTrialFixture(yaml.replace("new_value: '1', ", ''));
    expect(await fixture.cycle()).toMatchObject([{ state: 'proposed', waitsFor: 'person' }]);
  });
});

describe('of two candidates', () => {
  const both = [{ id: 'one' }, { id: 'two', target: 'other' }];

  test('the second one waits, and has its trial when the first one is over', async () => {
    const fixture = await createTrialFixture(trialYaml({ rules: both }));
    const [first, second] = await fixture.cycle();
    expect(first).toMatchObject({ state: 'trial', ruleId: 'one', expireTimeMs: undefined });
    expect(second).toMatchObject({ state: 'proposed', waitsFor: 'trial', sequence: 0 });
    expect(second?.summary).toBe('Waits for a trial');
    await fixture.runOut(slower);
    expect(fixture.delta(second?.deltaId ?? '').state).toBe('proposed');
    expect(await fixture.begin()).toBe(second?.deltaId);
  });

  test('what was never tried goes first', async () => {
    const fixture = await createTrialFixture(trialYaml({ rules: both }));
    await fixture.cycle();
    await fixture.runOut();
    await fixture.clock.advance(60_000);
    // The first one is proposed once more, and the second one has waited since.
    await fixture.begin();
    expect(fixture.trial?.plan.ruleId).toBe('two');
  });

  test('that waits too long expires', async () => {
    const rules = both;
    const yaml = trialYaml({ rules, curation: 'proposal_ttl_seconds: 60' });
    const fixture = await createTrialFixture(yaml);
    const [, second] = await fixture.cycle();
    await fixture.clock.advance(60_000);
    await fixture.cycle();
    expect(fixture.delta(second?.deltaId ?? '')).toMatchObject({
      state: 'expired',
      summary: 'Expired: other trials took all the time there was',
    });
  });

  test('one may be approved, rejected or put aside meanwhile', async () => {
    const fixture = await createTrialFixture(trialYaml({ rules: both }));
    const [first, second] = await fixture.cycle();
    const approved = await fixture.engine.decide(approve(second?.deltaId ?? '', ''));
    expect(approved).toMatchObject({ state: 'applied', sequence: 1 });
    expect(fixture.trial?.plan.deltaId).toBe(first?.deltaId);
    await expect(fixture.engine.decide(approve(first?.deltaId ?? '', ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
    await expect(fixture.engine.decide(reject(first?.deltaId ?? '', ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
  });

  const fighting = [
    { id: 'one', when: 'parameters.other == 0.0' },
    { id: 'two', value: '2', when: 'parameters.other == 1.0' },
  ];

  test('for one target the second is tried once the target has rested', async () => {
    const yaml = trialYaml({ rules: fighting, trial: 'max_seconds: 100' });
    const fixture = await createTrialFixture(yaml.replace('seconds: 10 ', 'seconds: 30 '));
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.cycle();
    await fixture.setLevel(1, 'other');
    await fixture.cycle();
    await fixture.engine.decide(setTrialsPaused(false));
    await fixture.begin();
    expect(fixture.trial?.plan).toMatchObject({ ruleId: 'one' });
    expect([...fixture.state.pending()]).toMatchObject([{ ruleId: 'two', waitsFor: 'trial' }]);
    // In the cycle that ends the first trial, its target has only just been touched.
    await fixture.clock.advance(100_000);
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.clock.advance(29_999);
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.clock.advance(1);
    await fixture.begin();
    expect(fixture.trial?.plan).toMatchObject({ ruleId: 'two', newValue: 2 });
  });

  test('for one target, what is put in force makes the one that waits rest', async () => {
    const rules = [
      { id: 'slow', value: '2', when: 'parameters.other == 0.0' },
      { id: 'direct', when: 'parameters.other == 1.0', more: 'mode: apply' },
    ];
    const fixture = await createTrialFixture(trialYaml({ rules }));
    await fixture.engine.decide(setTrialsPaused(true));
    await fixture.cycle();
    await fixture.setLevel(1, 'other');
    await fixture.engine.decide(setTrialsPaused(false));
    expect(await fixture.cycle()).toMatchObject([{ ruleId: 'direct', state: 'applied' }]);
    expect(fixture.trial).toBeUndefined();
    await fixture.news();
    await fixture.clock.advance(9999);
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    await fixture.clock.advance(1);
    await fixture.begin();
    expect(fixture.trial?.plan).toMatchObject({ ruleId: 'slow', oldValue: 1 });
  });
});

test('a trial goes on when what called for it is over', async () => {
  const rules = [{ when: 'window.success_rate < 0.9' }];
  const fixture = await createTrialFixture(trialYaml({ rules }));
  await fixture.engine.recordTasks(tasksOf(30, { status: 'failure' }));
  const deltaId = await fixture.begin();
  await fixture.engine.recordTasks(tasksOf(100));
  expect(await fixture.cycle()).toEqual([]);
  await fixture.run();
  expect(fixture.trial?.plan.deltaId).toBe(deltaId);
});

test('while a trial is on, nothing is proposed for its target', async () => {
  const rules = [{ id: 'one' }, { id: 'two', value: '2', more: 'mode: apply' }];
  const fixture = await createTrialFixture(trialYaml({ rules }));
  await fixture.begin();
  for (let i = 0; i < 5; i += 1) {
    await fixture.clock.advance(30_000);
    expect(await fixture.cycle()).toEqual([]);
  }
});

test('a value that is in force already is not tried', async () => {
  const fixture = await createTrialFixture(trialYaml());
  await fixture.engine.decide(setTrialsPaused(true));
  await fixture.cycle();
  await fixture.setLevel(1);
  await fixture.engine.decide(setTrialsPaused(false));
  await fixture.clock.advance(10_000);
  await fixture.cycle();
  expect(fixture.trial).toBeUndefined();
});

describe('assignment: auto', () => {
  const yaml = trialYaml({ assignment: 'auto' });

  /** Records 30 tasks, of which so many had asked. */
  async function plannedAfter(asking: number, others = 0): Promise<string | undefined> {
    const fixture = await createTrialFixture(yaml);
    const { engine } = fixture;
    for (let i = 0; i < 30 + others; i += 1) {
      if (i < asking) await engine.resolve({ taskId: `t${i}`, labels: {} });
      await engine.recordTasks([taskOf({ taskId: `t${i}` })]);
    }
    await fixture.begin();
    return fixture.trial?.plan.assignment;
  }

  test.each([
    ['nobody asked', 0, 0, 'switchback'],
    ['14 of 30 asked', 14, 0, 'switchback'],
    ['15 of 30 asked', 15, 0, 'task'],
    ['all asked', 30, 0, 'task'],
    ['30 asked, and the newest 30 did not', 30, 30, 'switchback'],
  ])('%s', async (_, asking, others, assignment) => {
    expect(await plannedAfter(asking, others)).toBe(assignment);
  });
});
