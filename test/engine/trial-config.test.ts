import { describe, expect, test } from 'vitest';
import { baseline } from '../../src/engine/resolve.ts';
import { revert } from '../../src/engine/revert.ts';
import { configOf } from '../support/engine/engine-fixture.ts';
import {
  ASSIGNMENTS,
  createTrialFixture,
  expectOneValue,
  type TrialFixture,
  type TrialText,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

/** How a config comes into force. */
const WAYS = {
  'a reload': async (fixture: TrialFixture, yaml: string) => {
    await fixture.engine.configure(configOf(yaml));
    return fixture;
  },
  'a restart': (fixture: TrialFixture, yaml: string) => fixture.reopen(yaml),
} as const;

const cases = ASSIGNMENTS.flatMap((assignment) =>
  Object.entries(WAYS).map(([name, take]) => [assignment, name, take] as const),
);

describe.each(cases)('in a trial by %s, by %s', (assignment, _, take) => {
  const text = (fields: TrialText = {}) => trialYaml({ assignment, ...fields });

  /** Takes up a config while the new value is in force, where blocks are. */
  async function changedTo(yaml: string) {
    const fixture = await createTrialFixture(text());
    const deltaId = await fixture.begin();
    const live = assignment === 'task' ? 0 : 1;
    for (let i = 0; i < 12 || fixture.level !== live; i += 1) await fixture.run();
    const before = fixture.trial;
    return { fixture: await take(fixture, yaml), deltaId, before };
  }

  test.each([
    ['a rule of another text', { rules: [{ confidence: 0.8 }] }, 'rule raise was changed'],
    ['another rule', { rules: [{ id: 'other' }] }, 'rule raise is no longer there'],
    ['another mode', { rules: [{ more: 'mode: apply' }] }, 'rule raise is no longer in mode trial'],
    ['other bounds', { spec: 'max: 0.5' }, 'its value is no longer allowed: expected at most 0.5'],
    [
      'other values',
      { spec: 'allowed: [0, 2]' },
      'its value is no longer allowed: expected one of',
    ],
  ])('%s ends it', async (_name, fields, why) => {
    const { fixture, deltaId } = await changedTo(text(fields));
    expect(fixture.trial).toBeUndefined();
    expect(fixture.level).toBe(0);
    await expectOneValue(fixture);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
      summary: expect.stringContaining(`Invalid: ${why}`),
    });
    expect(fixture.state.head.rules).toEqual({});
  });

  test.each([
    ['the same config', {}],
    ['other times', { trial: 'max_seconds: 5, outcome_timeout_seconds: 5, block_tasks: 2' }],
    ['another answer to harm', { rules: [{ more: 'on_harm: pause' }] }],
    ['bounds that its old value is outside of', { initial: '1, min: 0.5' }],
    ['more rules', { rules: [{}, { id: 'more', target: 'other' }] }],
  ])('%s lets it go on as it was planned', async (_name, fields) => {
    const { fixture, before } = await changedTo(text(fields));
    expect(fixture.trial).toEqual(before);
    await fixture.run();
    expect(fixture.trial?.steps).toBeGreaterThan(before?.steps ?? 0);
  });
});

test.each(ASSIGNMENTS)(
  'a parameter on trial by %s that is declared ends it',
  async (assignment) => {
    const rules = [{ target: 'fresh', value: '1' }];
    const yaml = trialYaml({ assignment, rules }).replace('operation: adjust', 'operation: add');
    const fixture = await createTrialFixture(yaml);
    const deltaId = await fixture.begin();
    const fresh = () => baseline(fixture.engine.ledger.state).parameters.fresh;
    for (let i = 0; i < 12 || fresh() !== undefined; i += 1) await fixture.run();
    await fixture.engine.configure(
      configOf(yaml.replace('other:', 'fresh: { initial: 5 }, other:')),
    );
    expect(fixture.trial).toBeUndefined();
    expect(fresh()).toBe(5);
    await expectOneValue(fixture);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      effect: { verdict: 'invalid' },
    });
    expect(fixture.delta(deltaId).summary).toContain('left alone');
  },
);

describe('what waits for a trial', () => {
  const rules = [{}, { id: 'second', target: 'other' }];

  test.each([
    ['is removed', { rules: [{}] }],
    ['is applied at once', { rules: [{}, { id: 'second', target: 'other', more: 'mode: apply' }] }],
  ])('expires when its rule %s', async (_, fields) => {
    const fixture = await createTrialFixture(trialYaml({ rules }));
    const [first, second] = await fixture.cycle();
    await fixture.engine.configure(configOf(trialYaml(fields)));
    expect(fixture.delta(second?.deltaId ?? '')).toMatchObject({
      state: 'expired',
      summary: 'Expired: rule second is no longer in mode trial',
    });
    expect(fixture.trial?.plan.deltaId).toBe(first?.deltaId);
  });

  test('is not tried while its value is not allowed', async () => {
    const fixture = await createTrialFixture(trialYaml({ rules }));
    const [first, second] = await fixture.cycle();
    await fixture.engine.decide(revert(first?.deltaId ?? '', ''));
    await fixture.engine.configure(configOf(trialYaml({ rules, spec: 'allowed: [0, 2]' })));
    await fixture.clock.advance(10_000);
    await fixture.cycle();
    expect(fixture.trial).toBeUndefined();
    expect(fixture.delta(second?.deltaId ?? '').state).toBe('proposed');
  });
});
