import { describe, expect, test } from 'vitest';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { AUTO, FOLLOWER, follow, followUntil } from '../support/engine/auto-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  slower,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

describe('where tasks ask by their ids', () => {
  /** Its proposals wait, since the trial of another parameter is on. */
  async function waits(): Promise<{ fixture: TrialFixture; deltaId: string; firstId: string }> {
    const rules = ['other', 'level'].map((target) => ({ id: target, target, more: 'mode: auto' }));
    const fixture = await createTrialFixture(trialYaml({ assignment: 'auto', rules }));
    for (let i = 0; i < 40; i += 1) await fixture.run();
    const [first, second] = await fixture.cycle();
    expect([first?.state, second?.waitsFor]).toEqual(['trial', 'trial']);
    expect(fixture.level).toBe(0);
    return { fixture, deltaId: second?.deltaId ?? '', firstId: first?.deltaId ?? '' };
  }

  test('a delta is tried first', async () => {
    const { fixture, firstId } = await waits();
    expect(fixture.trial?.plan.deltaId).toBe(firstId);
    expect(fixture.trial?.plan.isApplied).toBeUndefined();
  });

  test('what waits is put in force and compared, once they no longer ask', async () => {
    const { fixture, deltaId, firstId } = await waits();
    fixture.engine.followedBy(() => [FOLLOWER]);
    for (let i = 0; i < 15; i += 1) await follow(fixture);
    await fixture.cycle();
    expect(fixture.delta(deltaId).waitsFor).toBe('trial');
    for (let i = 0; i < 15; i += 1) await follow(fixture);
    await fixture.cycle();
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'provisional', waitsFor: undefined });
    expect(fixture.level).toBe(1);
    // What was on trial would wait in vain.
    expect(fixture.delta(firstId)).toMatchObject({ effect: { verdict: 'invalid' } });
    const isOver = () => fixture.delta(deltaId).state === 'reverted';
    await followUntil(fixture, isOver, slower);
    expectAudited(fixture.store);
  });

  test('what waits is put in force and observed, where they do not follow either', async () => {
    const { fixture, deltaId } = await waits();
    for (let i = 0; i < 100; i += 1) await follow(fixture, () => ({ deltaSequence: 0 }));
    await fixture.cycle();
    expect(fixture.delta(deltaId)).toMatchObject({ state: 'applied' });
    expect(fixture.delta(deltaId).summary).toMatch(/^Not compared: no client follows the deltas/);
  });

  test('what waits goes on waiting while trials are paused, or the hour is full', async () => {
    const { fixture, deltaId } = await waits();
    fixture.engine.followedBy(() => [FOLLOWER]);
    await fixture.engine.decide(setTrialsPaused(true));
    for (let i = 0; i < 31; i += 1) await follow(fixture);
    await fixture.cycle();
    expect(fixture.delta(deltaId).state).toBe('proposed');
    await fixture.engine.decide(setTrialsPaused(false));
    const { settings } = fixture.engine;
    const curation = { ...settings.curation, maxDeltasPerHour: 1 };
    await fixture.engine.configure({ ...settings, curation });
    await fixture.setLevel(0, 'level');
    await fixture.clock.advance(10_000);
    for (let i = 0; i < 31; i += 1) await follow(fixture);
    await fixture.cycle();
    expect(fixture.delta(deltaId).state).toBe('provisional');
  });

  test('nothing is put in force until it is known after a restart that they do not', async () => {
    const { fixture } = await waits();
    const again = await fixture.reopen(AUTO);
    await again.clock.advance(10_000);
    const [delta] = await again.cycle();
    expect(delta).toMatchObject({ state: 'proposed', waitsFor: 'trial' });
    again.engine.followedBy(() => [FOLLOWER]);
    for (let i = 0; i < 31; i += 1) await follow(again);
    await again.cycle();
    expect(again.delta(delta?.deltaId ?? '').state).toBe('provisional');
  });
});

test('while trials are paused, a recommended delta waits', async () => {
  const fixture = await createTrialFixture(AUTO);
  fixture.engine.followedBy(() => [FOLLOWER]);
  await fixture.engine.decide(setTrialsPaused(true));
  const [delta] = await fixture.cycle();
  expect(delta).toMatchObject({ state: 'proposed', waitsFor: 'trial' });
  await fixture.engine.decide(setTrialsPaused(false));
  await fixture.clock.advance(10_000);
  await fixture.news();
  await fixture.cycle();
  expect(fixture.delta(delta?.deltaId ?? '').state).toBe('provisional');
});
