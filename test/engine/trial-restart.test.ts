import { describe, expect, test } from 'vitest';
import { revert } from '../../src/engine/revert.ts';
import type { StoredEvent } from '../../src/ledger/event.ts';
import { tasksOf } from '../support/engine/engine-fixture.ts';
import { createJsonStore } from '../support/ledger/json-store.ts';
import { auditStore, expectAudited } from '../support/trials/audited.ts';
import { faster, type TrialFixture } from '../support/trials/trial-fixture.ts';
import {
  ask,
  type InStage,
  inStage,
  PROVEN,
  provenOf,
  report,
} from '../support/trials/trial-stages.ts';

/** Enough for a change to be confirmed soon; some tasks keep the old value all the time. */
const SOON = { rules: [{ more: 'guards: []' }], trial: 'holdback: 0.2' };

const PART_TASKS = 1200;

/** Others record so many tasks, which end the part of the holdback that goes on. */
async function endPart(fixture: TrialFixture): Promise<void> {
  const others = { latencyMs: 50, finishTimeMs: fixture.clock.now() };
  await fixture.engine.recordTasks(tasksOf(PART_TASKS, others));
  await fixture.clock.advance(1000);
}

/** Holdback that has come to its part `parts`, and is in the middle of a group. */
async function held(parts: number): Promise<InStage> {
  const setup = await inStage('confirmed', SOON, createJsonStore());
  const { fixture } = setup;
  fixture.engine.start();
  fixture.engine.setActive(false);
  for (let part = 1; part <= parts; part += 1) {
    if (part > 1) await endPart(fixture);
    for (let i = 0; i < 13; i += 1) await fixture.run(faster);
  }
  return setup;
}

/** What is stored of a delta's trial: the kinds of its steps. */
function storedSteps({ store }: TrialFixture, deltaId: string): string[] {
  const events: readonly StoredEvent[] = [...(store.load()?.events ?? [])];
  return events.flatMap(({ event }) =>
    event.kind === 'trial_advanced' && event.deltaId === deltaId
      ? event.receipts.map(({ step }) => step.step)
      : [],
  );
}

/** All that is known of trials and deltas. */
function knownOf({ state }: TrialFixture) {
  const { position: _, storedEvents: __, ...head } = state.head;
  return { head, trials: state.trials, deltas: [...state.deltasNewestFirst()] };
}

describe('opened again', () => {
  test.each(PROVEN)('a ledger with a %s, in the middle of it, is as it was', async (state) => {
    const text = state === 'confirmed' ? SOON : {};
    const { fixture, deltaId, yaml } = await inStage(state, text, createJsonStore());
    await ask(fixture, 'out');
    for (let i = 0; i < 3; i += 1) await fixture.run(faster);
    await ask(fixture, 'out-too');
    const again = await fixture.reopen(yaml);
    expect(knownOf(again)).toEqual(knownOf(fixture));
    await report(again, 'out');
    await report(again, 'out-too');
    for (let i = 0; i < 12; i += 1) await again.run(faster);
    expect(provenOf(again, deltaId).steps).toBeGreaterThan(provenOf(fixture, deltaId).steps);
    expectAudited(again.store);
  });

  test.each([1, 2, 3, 5])('a holdback in its part %i is as it was', async (parts) => {
    const { fixture, yaml, deltaId } = await held(parts);
    expect(provenOf(fixture, deltaId).stages).toBe(2 + parts);
    const again = await fixture.reopen(yaml);
    expect(knownOf(again)).toEqual(knownOf(fixture));
    expectAudited(again.store);
  });
});

describe('of a holdback', () => {
  test('only the newest part that is over and the one that goes on are stored', async () => {
    const { fixture, deltaId } = await held(5);
    const steps = storedSteps(fixture, deltaId);
    const confirmed = steps.indexOf('confirm');
    expect(steps.slice(confirmed, confirmed + 2)).toEqual(['confirm', 'renew']);
    expect(steps.filter((step) => step === 'renew')).toHaveLength(2);
    const receipts = provenOf(fixture, deltaId).steps;
    expect(steps.length).toBeLessThan(receipts - 50);
    const [audit] = [...auditStore(fixture.store).values()];
    expect(audit?.unchecked[0]).toMatch(/^receipts \d+ to \d+ of the holdback are no longer kept/);
  });

  test('the rows do not grow with its parts', async () => {
    const { fixture, deltaId } = await held(4);
    const before = storedSteps(fixture, deltaId).length;
    for (let part = 0; part < 6; part += 1) {
      await endPart(fixture);
      for (let i = 0; i < 13; i += 1) await fixture.run(faster);
    }
    expect(storedSteps(fixture, deltaId).length).toBeLessThan(before + 30);
  });
});

test.each(['provisional', 'confirmed'] as const)(
  'retention never forgets a delta that is %s',
  async (state) => {
    const text = { ...SOON, top: 'ledger: { retain_deltas: 2 }' };
    const rules = state === 'confirmed' ? SOON.rules : [{}];
    const { fixture, deltaId, yaml } = await inStage(state, { ...text, rules }, createJsonStore());
    for (let i = 0; i < 20; i += 1) await fixture.setLevel(i, 'other');
    expect([...fixture.state.deltasNewestFirst()].map((one) => one.deltaId)).toContain(deltaId);
    const again = await fixture.reopen(yaml);
    expect(again.delta(deltaId)).toEqual(fixture.delta(deltaId));
    expect(again.state.trials).toEqual(fixture.state.trials);
    for (let i = 0; i < 20; i += 1) await again.setLevel(i, 'other');
    for (let i = 0; i < 30; i += 1) await again.run(faster);
    const third = await again.reopen(yaml);
    expect(third.state.trials).toEqual(again.state.trials);
    expect(third.state.trials).toHaveLength(1);
    await third.engine.decide(revert(deltaId, ''));
    expect(third.level).toBe(0);
  },
);
