import { describe, expect, test } from 'vitest';
import { approve } from '../../src/engine/curation.ts';
import { summaryOf } from '../../src/engine/decision/refusals.ts';
import { revert } from '../../src/engine/revert.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { applied, autoWith, FOLLOWER, follow, refuse } from '../support/engine/auto-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import { createTrialFixture, faster, slower, trialYaml } from '../support/trials/trial-fixture.ts';

describe('while it is compared in force,', () => {
  test('what somebody sets ends it', async () => {
    const { fixture, deltaId } = await applied();
    for (let i = 0; i < 8; i += 1) await fixture.run();
    await fixture.setLevel(7);
    for (let i = 0; i < 20; i += 1) await fixture.run();
    expect(fixture.level).toBe(7);
    expect(fixture.delta(deltaId)).toMatchObject({
      ...{ state: 'applied', effect: { verdict: 'inconclusive' } },
    });
    expectAudited(fixture.store);
  });

  test.each([0, 5, 8, 10])('a revert after %i tasks restores the old value', async (tasks) => {
    const { fixture, deltaId } = await applied();
    for (let i = 0; i < tasks; i += 1) await fixture.run();
    await fixture.engine.decide(revert(deltaId, 'mine'));
    expect(fixture.level).toBe(0);
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.delta(deltaId)).toMatchObject({
      ...{ state: 'reverted', summary: 'Reverted by an operator: mine' },
    });
    expectAudited(fixture.store);
  });

  test.each([0, 8])('a refusal after %i tasks takes it back: nothing is proven yet', async (n) => {
    const { fixture, deltaId } = await applied();
    fixture.engine.followedBy(() => ['c', 'd', 'e'].map((id) => ({ ...FOLLOWER, clientId: id })));
    for (let i = 0; i < n; i += 1) await fixture.run();
    await refuse(fixture, deltaId);
    expect(fixture.delta(deltaId).state).toBe('reverted');
    expect([fixture.level, fixture.state.trials]).toEqual([0, []]);
    await fixture.clock.advance(10_000);
    await fixture.news();
    expect(await fixture.cycle()).toEqual([]);
  });

  test('once it has helped, one refusal of three is not enough', async () => {
    const { fixture, deltaId } = await applied();
    fixture.engine.followedBy(() => ['c', 'd', 'e'].map((id) => ({ ...FOLLOWER, clientId: id })));
    for (let i = 0; i < 400 && fixture.delta(deltaId).effect?.verdict === undefined; i += 1) {
      await fixture.run(faster);
    }
    await refuse(fixture, deltaId);
    expect(fixture.delta(deltaId).state).toBe('provisional');
    expect(summaryOf(fixture.delta(deltaId))).toMatch(/Refused by 1 of 3 clients, which is not/);
  });

  test('an acknowledgement that does not come takes it back', async () => {
    const { fixture, deltaId } = await applied(autoWith('ack_timeout_seconds: 30'));
    fixture.engine.start();
    for (let i = 0; i < 40; i += 1) await fixture.run();
    expect(fixture.delta(deltaId).state).toBe('reverted');
    expect(fixture.delta(deltaId).summary).toMatch(/^Reverted: no client acknowledged it/);
    expect([fixture.level, fixture.state.trials]).toEqual([0, []]);
    fixture.engine.stop();
  });

  test('a pause leaves it in force, and it goes on afterwards', async () => {
    const { fixture, deltaId } = await applied();
    for (let i = 0; i < 8; i += 1) await fixture.run();
    await fixture.engine.decide(setTrialsPaused(true));
    for (let i = 0; i < 20; i += 1) {
      await fixture.run(slower);
      expect(fixture.level).toBe(1);
    }
    expect(fixture.delta(deltaId).state).toBe('provisional');
    await fixture.engine.decide(setTrialsPaused(false));
    await fixture.runUntil(deltaId, 'reverted', slower);
    expectAudited(fixture.store);
  });

  test('its blocks do not count towards curation.max_deltas_per_hour', async () => {
    const rules = ['level', 'other'].map((target) => ({ id: target, target, more: 'mode: auto' }));
    const yaml = trialYaml({ assignment: 'auto', curation: 'max_deltas_per_hour: 1', rules });
    const fixture = await createTrialFixture(yaml);
    fixture.engine.followedBy(() => [FOLLOWER]);
    const [first, second] = await fixture.cycle();
    expect(first?.state).toBe('provisional');
    expect(second).toMatchObject({ state: 'proposed', waitsFor: 'person' });
    expect(second?.summary).toBe('Waits for approval: 1 deltas were put in force in the last hour');
    await fixture.clock.advance(3_600_000);
    for (let i = 0; i < 35; i += 1) await follow(fixture);
    await fixture.clock.advance(60_000);
    await follow(fixture);
    expect(await fixture.cycle()).toMatchObject([{ ruleId: 'other', state: 'provisional' }]);
  });
});

describe('what waits for a person', () => {
  test('is in force as it was approved, and only observed', async () => {
    const rules = [{ more: 'mode: recommend' }];
    const fixture = await createTrialFixture(trialYaml({ assignment: 'auto', rules }));
    fixture.engine.followedBy(() => [FOLLOWER]);
    const [delta] = await fixture.cycle();
    expect(delta).toMatchObject({ state: 'proposed', waitsFor: 'person' });
    const approved = await fixture.engine.decide(approve(delta?.deltaId ?? '', 'yes'));
    expect(approved).toMatchObject({ state: 'applied', summary: 'Approved by an operator: yes' });
    expect(fixture.state.trials).toEqual([]);
  });

  test('takes the place of what is compared, once it is approved', async () => {
    const rules = [
      { value: '2', more: 'mode: recommend' },
      { id: 'auto', more: 'mode: auto' },
    ];
    const yaml = trialYaml({ assignment: 'auto', curation: 'suppress_unchanged: false', rules });
    const fixture = await createTrialFixture(yaml);
    fixture.engine.followedBy(() => [FOLLOWER]);
    const [waits] = await fixture.cycle();
    await fixture.clock.advance(10_000);
    const [tried] = await fixture.cycle();
    expect([waits?.waitsFor, tried?.state]).toEqual(['person', 'provisional']);
    await fixture.engine.decide(approve(waits?.deltaId ?? '', ''));
    expect(fixture.level).toBe(2);
    expect(fixture.delta(tried?.deltaId ?? '').state).toBe('applied');
    expect(fixture.state.trials).toEqual([]);
  });
});
