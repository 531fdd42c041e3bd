import { describe, expect, test } from 'vitest';
import { acknowledge } from '../../src/engine/acknowledge.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  faster,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

const SPARING = { spec: 'budget: 0.1' } as const;

/** Runs tasks until a delta is in a state; answers the share of them that had the new value. */
async function shareUntil(
  fixture: TrialFixture,
  deltaId: string,
  state: 'provisional' | 'confirmed' | 'reverted',
  end = faster,
): Promise<{ readonly tasks: number; readonly share: number }> {
  let fresh = 0;
  const tasks = await fixture.runUntil(
    deltaId,
    state,
    (level) => {
      if (level === 1) fresh += 1;
      return end(level);
    },
    8000,
  );
  return { tasks, share: fresh / tasks };
}

describe('within a budget of a tenth, by task', () => {
  test('the old value is in force until the confirmation, and few tasks have the new one', async () => {
    const fixture = await createTrialFixture(trialYaml(SPARING));
    const deltaId = await fixture.begin();
    const trial = await shareUntil(fixture, deltaId, 'provisional');
    expect(trial.tasks).toBeGreaterThan(100);
    expect(trial.share).toBeLessThan(0.15);
    expect(fixture.level).toBe(0);
    expect(fixture.delta(deltaId)).toMatchObject({ sequence: 0 });
    expect(fixture.delta(deltaId).summary).toContain('For 10 % of tasks at most, on probation');
    const probation = await shareUntil(fixture, deltaId, 'confirmed');
    expect(probation.share).toBeLessThan(0.15);
    expect(fixture.level).toBe(1);
    expect(fixture.delta(deltaId).sequence).toBe(fixture.state.head.sequence);
    expectAudited(fixture.store);
  });

  test('harm ends it with the old value, which was in force all the time', async () => {
    const fixture = await createTrialFixture(trialYaml(SPARING));
    const deltaId = await fixture.begin();
    await shareUntil(fixture, deltaId, 'reverted', slower);
    expect(fixture.delta(deltaId).effect?.verdict).toBe('harmed');
    expect(fixture.state.head.sequence).toBe(0);
    expectAudited(fixture.store);
  });

  test('the same tasks take part after a restart', async () => {
    const yaml = trialYaml(SPARING);
    const fixture = await createTrialFixture(yaml);
    const deltaId = await fixture.begin();
    await shareUntil(fixture, deltaId, 'provisional');
    const after = await fixture.reopen(yaml);
    await shareUntil(after, deltaId, 'confirmed');
    expect(after.level).toBe(1);
    expectAudited(after.store);
  });

  test('the preview says how much longer it takes', async () => {
    const fixture = await createTrialFixture(trialYaml(SPARING));
    const deltaId = await fixture.begin();
    expect(fixture.delta(deltaId).summary).toContain(
      'At most 10 % of the tasks run on it until it is confirmed (budget): of the tasks that come, ' +
        'one in 5 takes part in the trial and one in 8 in the probation',
    );
  });

  test('what a probation ends from outside is not in force', async () => {
    const fixture = await createTrialFixture(trialYaml(SPARING));
    const deltaId = await fixture.begin();
    await shareUntil(fixture, deltaId, 'provisional');
    await fixture.setLevel(7);
    expect(fixture.level).toBe(7);
    expect(fixture.delta(deltaId).state).toBe('reverted');
    expectAudited(fixture.store);
  });

  test('a client may refuse what is on probation and not in force', async () => {
    const fixture = await createTrialFixture(trialYaml({ ...SPARING, curation: 'refusals: any' }));
    const deltaId = await fixture.begin();
    await shareUntil(fixture, deltaId, 'provisional');
    const refusal = { reason: 'UNSUPPORTED', message: '' };
    await fixture.engine.decide(acknowledge({ clientId: 'c', epoch: '', deltaId, refusal }));
    expect(fixture.delta(deltaId).state).toBe('reverted');
    expect(fixture.level).toBe(0);
  });
});

describe('within a budget of a quarter, in blocks', () => {
  const BLOCKS = { assignment: 'switchback', spec: 'budget: 0.25' } as const;

  test('the old value is in force between pairs of blocks, and until the confirmation', async () => {
    const fixture = await createTrialFixture(trialYaml(BLOCKS));
    const deltaId = await fixture.begin();
    const trial = await shareUntil(fixture, deltaId, 'provisional');
    expect(trial.share).toBeLessThan(0.3);
    const probation = await shareUntil(fixture, deltaId, 'confirmed');
    expect(probation.share).toBeLessThan(0.27);
    expect(fixture.level).toBe(1);
    expectAudited(fixture.store);
  });

  test('mode auto tries it first, though no task asks by its id', async () => {
    const yaml = trialYaml({ ...BLOCKS, assignment: 'auto' }).replace('mode: trial', 'mode: auto');
    const fixture = await createTrialFixture(yaml);
    await fixture.cycle();
    expect(fixture.trial?.plan).toMatchObject({ assignment: 'switchback', budget: 0.25 });
    expect(fixture.trial?.plan.isApplied).toBeUndefined();
  });
});
