import { describe, expect, test } from 'vitest';
import type { Delta } from '../../src/domain/delta.ts';
import {
  AUTO,
  accept,
  applied,
  FOLLOWER,
  follow,
  followUntil,
} from '../support/engine/auto-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import { createTrialFixture, type TrialFixture } from '../support/trials/trial-fixture.ts';

describe('where nothing can be compared, it is observed and says so:', () => {
  async function observed(fixture: TrialFixture, why: RegExp): Promise<Delta> {
    const [delta] = await fixture.cycle();
    expect(delta).toMatchObject({ state: 'applied' });
    expect(delta?.summary).toMatch(why);
    const deltaId = delta?.deltaId ?? '';
    await fixture.news({ deltaSequence: 0 });
    await fixture.news({ deltaSequence: 0 });
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'observed' } });
    expect(fixture.delta(deltaId).summary).toMatch(why);
    return fixture.delta(deltaId);
  }

  test('nobody follows the deltas, and no task names a sequence', async () => {
    const fixture = await createTrialFixture(AUTO);
    const { summary } = await observed(fixture, /^Not compared: no client follows the deltas, and/);
    expect(summary).toMatch(/\. Observed, 30 tasks before and 30 after: .*; no proof$/);
  });

  test('clients follow and have never acknowledged, as watch does', async () => {
    const fixture = await createTrialFixture(AUTO);
    await fixture.setLevel(3, 'other');
    fixture.engine.followedBy(() => [FOLLOWER]);
    await observed(fixture, /^Not compared: no client acknowledges the deltas, and none of the/);
  });

  test('so few tasks come that nothing could be found', async () => {
    const fixture = await createTrialFixture(AUTO.replace('seed: s', 'seed: s, max_seconds: 60'));
    fixture.engine.followedBy(() => [FOLLOWER]);
    for (let i = 0; i < 100; i += 1) await follow(fixture, undefined, 60_000);
    await observed(fixture, /^Not compared: in trial\.max_seconds \(60 seconds\) there would be/);
  });

  test.each([
    ['one that has acknowledged a delta', true, FOLLOWER],
    ['one that was sent none yet', false, { ...FOLLOWER, snapshotSequence: 1 }],
  ])('but not with %s', async (_, acknowledges, follower) => {
    const fixture = await createTrialFixture(AUTO);
    const { deltaId } = await fixture.setLevel(3, 'other');
    if (acknowledges) await accept(fixture, deltaId);
    fixture.engine.followedBy(() => [follower]);
    expect(await fixture.cycle()).toMatchObject([{ state: 'provisional' }]);
  });

  test('one that follows, but neither acknowledges nor names a sequence, ends soon', async () => {
    const { fixture, deltaId } = await applied();
    fixture.engine.start();
    await followUntil(
      fixture,
      () => fixture.delta(deltaId).state === 'applied',
      () => ({ deltaSequence: 0 }),
    );
    expect(fixture.delta(deltaId).summary).toBe(
      'Invalid: no task is known to have run with either value: none names a delta_sequence, and no ' +
        'client acknowledges. Of all tasks, of 20 tasks of the old value 0 were cancelled and 20 not ' +
        'reported, of 20 tasks of the new value 0 were cancelled and 20 not reported. It stays in ' +
        'force, not proven',
    );
    expect(fixture.level).toBe(1);
    fixture.engine.stop();
    expectAudited(fixture.store);
  });
});
