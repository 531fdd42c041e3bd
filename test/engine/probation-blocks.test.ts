import { describe, expect, test } from 'vitest';
import { revert } from '../../src/engine/revert.ts';
import { setTrialsPaused } from '../../src/engine/trials.ts';
import { runningBlock } from '../../src/trial/trial.ts';
import { configOf } from '../support/engine/engine-fixture.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  faster,
  type TrialFixture,
  trialYaml,
} from '../support/trials/trial-fixture.ts';
import { provenOf } from '../support/trials/trial-stages.ts';

const BLOCKS = { assignment: 'switchback' } as const;

/** On probation by blocks, of which one of this arm runs. */
async function provenInBlocks(arm: 'old' | 'new') {
  const fixture = await createTrialFixture(trialYaml(BLOCKS));
  const deltaId = await fixture.begin();
  await fixture.runUntil(deltaId, 'provisional', faster);
  while (runningBlock(provenOf(fixture, deltaId))?.arm !== arm) await fixture.run(faster);
  expect(fixture.level).toBe(arm === 'old' ? 0 : 1);
  return { fixture, deltaId };
}

/** No gap in what was put in force, each of which says truly what it replaced. */
function expectSound({ state }: TrialFixture): void {
  let live: unknown = 0;
  for (let sequence = 1; sequence <= state.head.sequence; sequence += 1) {
    const delta = state.appliedAt(sequence);
    if (delta?.target !== 'level') continue;
    expect([sequence, delta.oldValue]).toEqual([sequence, live]);
    live = delta.newValue;
  }
  expect(state.head.parameters.level).toEqual(live);
}

describe.each(['old', 'new'] as const)(
  'on probation, while a block of the %s value runs,',
  (arm) => {
    test('a pause has the new value in force for everybody', async () => {
      const { fixture, deltaId } = await provenInBlocks(arm);
      await fixture.engine.decide(setTrialsPaused(true));
      const { sequence } = fixture.state.head;
      for (let i = 0; i < 12; i += 1) {
        expect(fixture.level).toBe(1);
        await fixture.run(faster);
      }
      expect(fixture.state.head.sequence).toBe(sequence);
      await fixture.engine.decide(setTrialsPaused(false));
      expect(runningBlock(provenOf(fixture, deltaId))).toBeDefined();
      await fixture.runUntil(deltaId, 'confirmed', faster);
      expectAudited(fixture.store);
    });

    test('what ends it from outside leaves the new value in force', async () => {
      const { fixture, deltaId } = await provenInBlocks(arm);
      await fixture.engine.configure(configOf(trialYaml({ ...BLOCKS, spec: 'max: 0.5' })));
      expect(fixture.level).toBe(1);
      expect(fixture.delta(deltaId).state).toBe('applied');
      expectSound(fixture);
      expectAudited(fixture.store);
    });

    test('it can be reverted, and overridden', async () => {
      const { fixture, deltaId } = await provenInBlocks(arm);
      await fixture.engine.decide(revert(deltaId, 'no'));
      expect(fixture.level).toBe(0);
      expect(fixture.delta(deltaId).state).toBe('reverted');
      expectSound(fixture);
      const other = await provenInBlocks(arm);
      const override = await other.fixture.setLevel(7);
      expect(override).toMatchObject({ oldValue: 1, newValue: 7 });
      expect(other.fixture.delta(other.deltaId).state).toBe('applied');
      expectSound(other.fixture);
      expectAudited(other.fixture.store);
    });

    test('it is confirmed with the new value in force, and nothing is held back', async () => {
      const { fixture, deltaId } = await provenInBlocks(arm);
      await fixture.runUntil(deltaId, 'confirmed', faster);
      expect(fixture.state.trials).toEqual([]);
      expect(fixture.level).toBe(1);
      expectSound(fixture);
      await fixture.setLevel(7);
      expect(fixture.delta(deltaId)).toMatchObject({
        ...{ state: 'applied', effect: { verdict: 'helped' } },
      });
      expectAudited(fixture.store);
    });
  },
);
