import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { AUTO, applied, FOLLOWER, follow, followUntil } from '../support/engine/auto-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import { createTrialFixture, faster, slower, trialYaml } from '../support/trials/trial-fixture.ts';
import { provenOf } from '../support/trials/trial-stages.ts';

describe('a delta of mode auto, where tasks do not ask by their ids,', () => {
  test('is in force at once, provisionally, and counts once', async () => {
    const { fixture, deltaId } = await applied();
    const delta = fixture.delta(deltaId);
    expect(delta).toMatchObject({ state: 'provisional', sequence: 1, effect: undefined });
    expect(delta.summary).toMatch(/^In force, compared in blocks of 5/);
    expect(fixture.state.head.counters.deltasApplied).toBe(1);
    expect(provenOf(fixture, deltaId)).toMatchObject({ stage: 'trial' });
  });

  test('that harms is taken back, and rests', async () => {
    const { fixture, deltaId } = await applied();
    await fixture.runUntil(deltaId, 'reverted', slower);
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'harmed' } });
    expect(fixture.level).toBe(0);
    await fixture.clock.advance(10_000);
    await fixture.news();
    expect(await fixture.cycle()).toEqual([]);
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
    const { tasksUsed } = fixture.delta(deltaId).effect ?? {};
    expect(fixture.engine.gains().open).toMatchObject([{ delta: { deltaId }, tasksUsed }]);
    expect(fixture.state.trials).toEqual([]);
    expectAudited(fixture.store);
  });

  test('that an operator replaces is not said to stay in force', async () => {
    const { fixture, deltaId } = await applied();
    await fixture.run();
    await fixture.setLevel(7);
    const delta = fixture.delta(deltaId);
    expect(delta).toMatchObject({ state: 'applied', effect: { verdict: 'inconclusive' } });
    expect(delta.summary).toMatch(/^Inconclusive: an operator set level/);
    expect(delta.summary).not.toMatch(/stays in force/);
    expect(fixture.engine.gains().open).toEqual([]);
    expect(fixture.level).toBe(7);
    expectAudited(fixture.store);
  });

  test('that makes users give up is taken back, though no metric tells of it', async () => {
    const { fixture, deltaId } = await applied();
    let tasks = 0;
    const givenUp = (level: unknown): Partial<Task> => {
      tasks += 1;
      return level === 1 && tasks % 2 === 0 ? { status: 'cancelled' } : {};
    };
    await fixture.runUntil(deltaId, 'reverted', givenUp);
    expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'invalid' } });
    expect(fixture.level).toBe(0);
    expectAudited(fixture.store);
  });

  test('is the same after a restart, and goes on', async () => {
    const { fixture, deltaId } = await applied();
    for (let i = 0; i < 20; i += 1) await fixture.run(slower);
    const again = await fixture.reopen(AUTO);
    expect(again.state.trials).toEqual(fixture.state.trials);
    expect(again.delta(deltaId)).toEqual(fixture.delta(deltaId));
    await again.runUntil(deltaId, 'reverted', slower);
    expect(again.level).toBe(0);
    expectAudited(again.store);
  });

  test('keeps its rules from the parameter until it is compared', async () => {
    const rules = [{ value: 'parameters.level + 1.0', more: 'mode: auto' }];
    const { fixture, deltaId } = await applied(trialYaml({ assignment: 'auto', rules }));
    for (let i = 0; i < 60; i += 1) {
      await fixture.run();
      expect(await fixture.cycle()).toEqual([]);
    }
    const [rule] = fixture.engine.settings.rules;
    if (rule === undefined) throw new Error('there is a rule');
    expect(fixture.engine.ruleStatus(rule).waiting).toBe(
      `level is in force and compared, by delta ${deltaId}`,
    );
    await fixture.runUntil(deltaId, 'applied');
    await fixture.clock.advance(10_000);
    await fixture.news();
    expect(await fixture.cycle()).toMatchObject([{ oldValue: 1, newValue: 2 }]);
  });

  test('is compared beside one of another parameter', async () => {
    const fixture = await createTrialFixture(
      trialYaml({
        assignment: 'auto',
        curation: '',
        rules: [{ more: 'mode: auto' }, { id: 'too', target: 'other', more: 'mode: auto' }],
      }),
    );
    fixture.engine.followedBy(() => [FOLLOWER]);
    const [first, second] = await fixture.cycle();
    expect([first?.state, second?.state]).toEqual(['provisional', 'provisional']);
    await fixture.runUntil(first?.deltaId ?? '', 'reverted', slower);
    expect(fixture.delta(second?.deltaId ?? '').state).not.toBe('reverted');
    expectAudited(fixture.store);
  });
});

test('tasks that come one in two minutes are compared, too', async () => {
  // How long its blocks wait is measured.
  const yaml = AUTO.replace(', outcome_timeout_seconds: 10', '');
  const fixture = await createTrialFixture(yaml);
  fixture.engine.followedBy(() => [FOLLOWER]);
  for (let i = 0; i < 100; i += 1) await follow(fixture, undefined, 120_000);
  const [delta] = await fixture.cycle();
  fixture.engine.start();
  const deltaId = delta?.deltaId ?? '';
  await followUntil(fixture, () => fixture.delta(deltaId).state === 'reverted', slower, 120_000);
  expect(fixture.delta(deltaId)).toMatchObject({ effect: { verdict: 'harmed' } });
  fixture.engine.stop();
  expectAudited(fixture.store);
});

test('a rule that trials speak against puts nothing in force untried', async () => {
  const rules = [{ confidence: 0.6, more: 'mode: auto' }];
  const { fixture, deltaId } = await applied(
    trialYaml({ assignment: 'auto', rules, top: 'reflection: { min_score: 50 }' }),
  );
  await fixture.runUntil(deltaId, 'reverted', slower);
  // Beyond its rest, but not beyond what was learned.
  await fixture.clock.advance(301_000);
  for (let i = 0; i < 4; i += 1) await fixture.news();
  expect(await fixture.cycle()).toEqual([]);
  expect(fixture.level).toBe(0);
});
