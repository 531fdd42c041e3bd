import { describe, expect, test } from 'vitest';
import { expectAudited } from '../support/audited.ts';
import {
  createTrialFixture,
  faster,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trial-fixture.ts';
import { provenOf } from '../support/trial-stages.ts';

const AUTO = trialYaml({ assignment: 'auto', rules: [{ more: 'mode: auto' }] });

const FOLLOWER = { clientId: 'c', types: [], snapshotSequence: 0 };

/** A change that was put in force at once, and is compared in blocks. */
async function applied(yaml = AUTO): Promise<{ fixture: TrialFixture; deltaId: string }> {
  const fixture = await createTrialFixture(yaml);
  fixture.engine.followedBy(() => [FOLLOWER]);
  const [delta] = await fixture.cycle();
  return { fixture, deltaId: delta?.deltaId ?? '' };
}

describe('a delta of mode auto, where tasks do not ask by their ids,', () => {
  test('is in force at once, provisionally, and counts once', async () => {
    const { fixture, deltaId } = await applied();
    const delta = fixture.delta(deltaId);
    expect(delta).toMatchObject({ state: 'provisional', sequence: 1, effect: undefined });
    expect(delta.summary).toMatch(/^In force, compared in blocks of 5/);
    expect(fixture.state.head.counters.deltasApplied).toBe(1);
    expect(provenOf(fixture, deltaId)).toMatchObject({ stage: 'trial' });
  });

  test('that harms is taken back', async () => {
    const { fixture, deltaId } = await applied();
    await fixture.runUntil(deltaId, 'reverted', slower);
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'harmed' } });
    expect(fixture.level).toBe(0);
    expectAudited(fixture.store);
  });

  test('that helps is HELPED, stays provisional, and is confirmed', async () => {
    const { fixture, deltaId } = await applied();
    for (let i = 0; i < 400 && fixture.delta(deltaId).effect?.verdict === undefined; i += 1) {
      await fixture.run(faster);
    }
    expect(fixture.delta(deltaId)).toMatchObject({
      ...{ state: 'provisional', effect: { verdict: 'helped' } },
    });
    await fixture.runUntil(deltaId, 'confirmed', faster);
    expect(fixture.level).toBe(1);
    expect(fixture.state.head.counters.deltasApplied).toBe(1);
    expectAudited(fixture.store);
  });

  test('that does nothing stays in force, not proven', async () => {
    const { fixture, deltaId } = await applied();
    await fixture.runUntil(deltaId, 'applied');
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'inconclusive' } });
    expect(fixture.delta(deltaId).summary).toMatch(/It stays in force, not proven$/);
    expect(fixture.level).toBe(1);
    expect(fixture.state.trials).toEqual([]);
    expectAudited(fixture.store);
  });

  test('is the same after a restart', async () => {
    const { fixture, deltaId } = await applied();
    for (let i = 0; i < 20; i += 1) await fixture.run();
    const again = await fixture.reopen(AUTO);
    expect(again.state.trials).toEqual(fixture.state.trials);
    expect(again.delta(deltaId)).toEqual(fixture.delta(deltaId));
  });

  test('is given up for what somebody sets', async () => {
    const { fixture, deltaId } = await applied();
    await fixture.setLevel(7);
    expect(fixture.level).toBe(7);
    expect(fixture.delta(deltaId)).toMatchObject({
      ...{ state: 'applied', effect: { verdict: 'inconclusive' } },
    });
    expectAudited(fixture.store);
  });

  test('is only observed where nobody follows the deltas and no task names a sequence', async () => {
    const fixture = await createTrialFixture(AUTO);
    const [delta] = await fixture.cycle();
    expect(delta).toMatchObject({ state: 'applied', newValue: 1 });
    expect(delta?.summary).toMatch(/^Not compared: no client follows the deltas/);
    await fixture.news();
    await fixture.news();
    expect(fixture.delta(delta?.deltaId ?? '')).toMatchObject({ effect: { verdict: 'observed' } });
  });
});

test('a delta of mode auto is tried first where tasks ask by their ids', async () => {
  const fixture = await createTrialFixture(AUTO);
  for (let i = 0; i < 40; i += 1) await fixture.run();
  const [delta] = await fixture.cycle();
  expect(delta).toMatchObject({ state: 'trial' });
  expect(fixture.level).toBe(0);
});
