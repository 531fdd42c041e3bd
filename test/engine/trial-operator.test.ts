import { describe, expect, test } from 'vitest';
import { revert } from '../../src/engine/revert.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  faster,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';
import { ask, inStage, PROVEN, provenOf, report } from '../support/trials/trial-stages.ts';

const HELD = { trial: 'holdback: 0.2' };

/** What a delta comes to when its value is set by somebody else: one on trial was never in force. */
const SET_ASIDE = { trial: 'reverted', provisional: 'applied', confirmed: 'applied' } as const;

describe.each(PROVEN)('a delta that is %s', (state) => {
  const inForce = state === 'trial' ? 0 : 1;

  test('can be reverted', async () => {
    const { fixture, deltaId } = await inStage(state, HELD);
    const { sequence } = fixture.state.head;
    const answer = await fixture.engine.decide(revert(deltaId, 'slow'));
    if (state === 'trial') expect(answer.deltaId).toBe(deltaId);
    else expect(answer).toMatchObject({ revertsDeltaId: deltaId, oldValue: 1, newValue: 0 });
    expect(fixture.level).toBe(0);
    expect(fixture.state.head.sequence).toBe(sequence + inForce);
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: 'reverted',
      summary: expect.stringContaining('Reverted by an operator: slow'),
    });
    await expect(fixture.engine.decide(revert(deltaId, ''))).rejects.toMatchObject({
      reason: 'DELTA_STATE',
    });
    expectAudited(fixture.store);
  });

  test.each([7, 1, 0])('gives way to SetParameter to %i', async (value) => {
    const { fixture, deltaId } = await inStage(state, HELD);
    const override = await fixture.setLevel(value);
    expect(override).toMatchObject({ oldValue: inForce, newValue: value });
    expect(fixture.state.trials).toEqual([]);
    expect(fixture.delta(deltaId)).toMatchObject({
      state: SET_ASIDE[state],
      summary: expect.not.stringMatching(/in force/i),
    });
    for (let i = 0; i < 12; i += 1) {
      expect((await ask(fixture, `t${i}`)).parameters.level).toBe(value);
    }
    // The override can be taken back: then the value stands that it had replaced.
    await fixture.engine.decide(revert(override.deltaId, ''));
    expect(fixture.level).toBe(inForce);
    expectAudited(fixture.store);
  });

  test('is paused by an operator: no task is given an arm, and one in force stays so', async () => {
    const { fixture, deltaId, yaml } = await inStage(state, HELD);
    await ask(fixture, 'out');
    await fixture.engine.decide(setTrialsPaused(true));
    const paused = provenOf(fixture, deltaId);
    const { position, sequence } = fixture.state.head;
    for (let i = 0; i < 12; i += 1) {
      const { parameters, assignments } = await ask(fixture, `t${i}`);
      expect([parameters.level, assignments]).toEqual([inForce, []]);
    }
    expect(fixture.state.head.position).toBe(position);
    const again = await fixture.reopen(yaml);
    expect(provenOf(again, deltaId)).toEqual(paused);
    await again.engine.decide(setTrialsPaused(false));
    expect(again.state.head.sequence).toBe(sequence);
    await expectGoesOn(again, deltaId);
    expectAudited(again.store);
  });

  test('answers a task that asks again with the same values', async () => {
    const { fixture, deltaId } = await inStage(state, HELD);
    const ids = Array.from({ length: 15 }, (_, i) => `t${i}`);
    const askAll = async () => {
      const answers: unknown[] = [];
      for (const id of ids) answers.push(await ask(fixture, id));
      return answers;
    };
    const first = await askAll();
    expect(await askAll()).toEqual(first);
    for (let i = 0; i < 7; i += 1) await report(fixture, `t${i}`, 50);
    expect(await askAll()).toEqual(first);
    expect(provenOf(fixture, deltaId).assigned).toBeGreaterThan(0);
  });
});

async function expectGoesOn(fixture: TrialFixture, deltaId: string): Promise<void> {
  const { tasksUsed, holdback } = provenOf(fixture, deltaId);
  for (let i = 0; i < 12; i += 1) await fixture.run(faster);
  const after = provenOf(fixture, deltaId);
  if (holdback === undefined) expect(after.tasksUsed).toBeGreaterThan(tasksUsed);
  else expect(after.holdback?.groups).toBeGreaterThan(holdback.groups);
}

test.each([
  ['put in force', 'provisional', {}],
  ['confirmed', 'confirmed', { rules: [{ more: 'guards: []' }] }],
] as const)('a task that runs keeps its values when the new one is %s', async (_, state, text) => {
  const fixture = await createTrialFixture(trialYaml(text));
  const deltaId = await fixture.begin();
  const ids = ['a', 'b', 'c', 'd'];
  const askAll = async () => {
    const answers = await Promise.all(ids.map((id) => ask(fixture, id)));
    return answers.map(({ parameters }) => parameters.level);
  };
  // One that is out holds up what all the others tell.
  await ask(fixture, 'out');
  for (let i = 0; i < 41; i += 1) await fixture.run(faster);
  const given = await askAll();
  expect([...given].sort()).toEqual([0, 0, 1, 1]);
  expect(fixture.delta(deltaId).state).toBe('trial');
  const { parameters } = await ask(fixture, 'out');
  await report(fixture, 'out', parameters.level === 1 ? 50 : 100);
  expect(fixture.delta(deltaId).state).toBe(state);
  expect(fixture.level).toBe(1);
  expect(await askAll()).toEqual(given);
});

test('a task that had asked before a trial began is given no arm of it', async () => {
  const fixture = await createTrialFixture(trialYaml());
  const before = await ask(fixture, 'early');
  await fixture.begin();
  for (let i = 0; i < 5; i += 1) {
    expect(await ask(fixture, 'early')).toEqual(before);
    expect((await ask(fixture, `t${i}`)).assignments).toHaveLength(1);
  }
});
