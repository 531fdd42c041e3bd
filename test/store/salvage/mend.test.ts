import fc from 'fast-check';
import { expect, test } from 'vitest';
import { acknowledge } from '../../../src/engine/acknowledge.ts';
import { setParameter } from '../../../src/engine/curation.ts';
import { revert } from '../../../src/engine/revert.ts';
import type { StoredEvent } from '../../../src/ledger/event.ts';
import type { Head } from '../../../src/ledger/head.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { type Mended, mend } from '../../../src/store/salvage/mend.ts';
import type { Remains } from '../../../src/store/sqlite/remains.ts';
import { configOf, createEngineFixture } from '../../support/engine/engine-fixture.ts';
import {
  ASSIGNMENTS,
  createTrialFixture,
  faster,
  slower,
  TrialFixture,
  trialYaml,
} from '../../support/trials/trial-fixture.ts';

const SEQUENCES_SKIPPED = 10_000;

interface Whole {
  readonly yaml: string;
  readonly head: Head;
  /** Heads as they were before, oldest first. */
  readonly heads: readonly Head[];
  readonly events: readonly StoredEvent[];
  /** The delta that is on trial. */
  readonly triedId: string;
}

/** A ledger with trials that have ended and one that is on, overrides, a revert, and a proposal. */
async function liveThrough(assignment: (typeof ASSIGNMENTS)[number]): Promise<Whole> {
  const heads: Head[] = [];
  const store = createMemoryStore();
  const commit = store.commit.bind(store);
  store.commit = (one) => {
    heads.push(structuredClone(one.head));
    commit(one);
  };
  const rules = [{}, { id: 'second', target: 'other', value: '1' }];
  const yaml = trialYaml({ assignment, rules, curation: 'ack_timeout_seconds: 3600' });
  const fixture = await createTrialFixture(yaml, store);
  await fixture.begin();
  await fixture.runOut(slower);
  await fixture.begin();
  await fixture.runOut(faster);
  const delta = await fixture.setLevel(3);
  await fixture.engine.decide(
    acknowledge({
      clientId: 'client',
      epoch: '',
      deltaId: delta.deltaId,
      refusal: undefined,
    }),
  );
  await fixture.setLevel(4);
  await fixture.engine.decide(revert((await fixture.setLevel(5)).deltaId, 'no'));
  for (let i = 0; i < 400 && fixture.trial === undefined; i += 1) {
    await fixture.clock.advance(60_000);
    await fixture.run();
    await fixture.cycle();
  }
  expect(fixture.trial).toBeDefined();
  for (let i = 0; i < 7; i += 1) await fixture.run();
  const stored = store.load();
  const events = [...(stored?.events ?? [])];
  const triedId = fixture.trial?.plan.deltaId ?? '';
  return { yaml, head: fixture.state.head, heads, events, triedId };
}

function mendOf(remains: Partial<Remains>, committedThrough = 0): Mended {
  let ids = 0;
  const newId = () => `mended-${++ids}`;
  const whole = { head: undefined, events: [], gaps: [], ...remains };
  return mend(whole, { newEpoch: 'new', newId, committedThrough });
}

/** Opens what was mended, and goes on with it. */
async function goOn({ head, events }: Mended, yaml: string) {
  const store = createMemoryStore();
  store.commit({ events, drop: [], head });
  const fixture = new TrialFixture(await createEngineFixture(yaml, { store }));
  return fixture;
}

test.each(ASSIGNMENTS)('nothing is lost: all is as it was, but for the epoch; %s', async (one) => {
  const { head, events, yaml } = await liveThrough(one);
  const mended = mendOf({ head, events });
  expect(mended.head).toEqual({ ...head, epoch: 'new' });
  expect(mended.events).toEqual(events);
  expect(mended.report).toMatchObject({ head: 'intact', lostEvents: 0, endedDeltas: [] });
  expect((await goOn(mended, yaml)).trial).toBeDefined();
});

test.each(ASSIGNMENTS)('a row is lost: what was undecided ends; %s', async (assignment) => {
  const { head, events, yaml, triedId } = await liveThrough(assignment);
  const last = events.findLastIndex(({ event }) => event.kind === 'trial_advanced');
  const mended = mendOf({ head, events: events.toSpliced(last, 1) });
  expect(mended.report.lostEvents).toBe(1);
  expect(mended.report.droppedEvents.trial_advanced).toBeGreaterThan(0);
  expect(mended.report.endedDeltas).toContain(triedId);
  const fixture = await goOn(mended, yaml);
  expect(fixture.delta(triedId)).toMatchObject({ state: 'expired' });
  expect(fixture.trial).toBeUndefined();
  // The baseline of the trial that was on is in force.
  const plan = events
    .flatMap(({ event }) => (event.kind === 'trial_advanced' ? event.receipts : []))
    .flatMap(({ step }) => (step.step === 'start' ? [step.plan] : []))
    .at(-1);
  expect(fixture.state.head.parameters[plan?.target ?? '']).toEqual(plan?.oldValue);
});

test.each([
  ['provisional', 'reverted', 0, ''],
  ['confirmed', 'applied', 1, 'guards: []'],
] as const)('a row is lost: what is %s is then %s', async (state, after, level, more) => {
  const store = createMemoryStore();
  const yaml = trialYaml({ rules: [{ more }] });
  const fixture = await createTrialFixture(yaml, store);
  const deltaId = await fixture.begin();
  await fixture.runUntil(deltaId, state, faster);
  // Some tasks of a group of its own.
  while (fixture.state.trials[0]?.sets.length !== 1) await fixture.run(faster);
  await fixture.run(faster);
  const events = [...(store.load()?.events ?? [])];
  const last = events.findLastIndex(({ event }) => event.kind === 'trial_advanced');
  const { head } = fixture.state;
  const mended = mendOf({ head, events: events.toSpliced(last, 1) });
  const again = await goOn(mended, yaml);
  expect(again.state.trials).toEqual([]);
  expect(again.delta(deltaId).state).toBe(after);
  expect(again.level).toBe(level);
});

test.each(ASSIGNMENTS)('whatever is left opens and goes on; %s', async (assignment) => {
  const { head, heads, events, yaml } = await liveThrough(assignment);
  const part = fc.record({
    gone: fc.uniqueArray(fc.nat({ max: events.length - 1 }), { maxLength: 12 }),
    from: fc.nat({ max: events.length }),
    cutOff: fc.boolean(),
    head: fc.oneof(fc.constant('newest'), fc.constant('none'), fc.nat({ max: heads.length - 1 })),
    isMarked: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(part, async ({ gone, from, cutOff, head: which, isMarked }) => {
      const found = which === 'newest' ? head : which === 'none' ? undefined : heads[Number(which)];
      // No event is committed without its head.
      const left = events
        .filter((_, i) => !gone.includes(i) && (!cutOff || i < from))
        .filter(({ position }) => position <= (found?.position ?? head.position));
      const isOlder = found !== undefined && found !== head;
      const gaps = [{ above: 0, below: Number.POSITIVE_INFINITY }];
      // Nothing but the mark says that a head is not the newest.
      const committedThrough = isMarked || isOlder ? head.position : 0;
      const mended = mendOf({ head: found, events: left, gaps }, committedThrough);
      checkMended(mended, left, { head, found });
      const fixture = await goOn(mended, yaml);
      const { sequence } = fixture.state.head;
      await fixture.run();
      await fixture.cycle();
      expect((await fixture.setLevel(9)).sequence).toBeGreaterThan(sequence);
      await fixture.reopen(yaml);
    }),
    { numRuns: 60 },
  );
});

function checkMended(
  { head, report }: Mended,
  left: readonly StoredEvent[],
  known: { readonly head: Head; readonly found: Head | undefined },
): void {
  const tasks = left.reduce(
    (sum, { event }) => sum + (event.kind === 'tasks_recorded' ? event.tasks.length : 0),
    0,
  );
  const sequences = left.flatMap(({ event }) =>
    event.kind === 'delta_applied' ? [event.sequence] : [],
  );
  expect(head.epoch).toBe('new');
  expect(report.keptTasks).toBe(tasks);
  expect(head.counters.tasksRecorded).toBeGreaterThanOrEqual(tasks);
  expect(head.counters.tasksRecorded).toBeLessThanOrEqual(known.head.counters.tasksRecorded);
  expect(head.sequence).toBeGreaterThanOrEqual(Math.max(0, ...sequences));
  expect(head.sequence).toBeGreaterThanOrEqual(known.head.sequence);
  if (known.found?.position !== known.head.position) {
    expect(head.sequence).toBeGreaterThanOrEqual(SEQUENCES_SKIPPED);
  }
}

test('where the head is gone, as much is known as events prove', async () => {
  const { head, events } = await liveThrough('task');
  const mended = mendOf({ events });
  expect(mended.report).toMatchObject({ head: 'lost', lostEvents: undefined });
  expect(mended.head.parameters).toEqual(head.parameters);
  expect(mended.head.counters).toEqual(head.counters);
  expect(mended.head.ordinal).toBe(head.ordinal);
  expect(mended.head.sequence).toBe(head.sequence + SEQUENCES_SKIPPED);
  expect(mended.head.compactedThrough).toBe(mended.head.sequence);
});

test('positions that are missing are named, where something is damaged', async () => {
  const { head, events } = await liveThrough('task');
  const left = events.filter(({ position }) => ![3, 4, 9].includes(position));
  const before = mendOf({ head, events: left, gaps: [{ above: 2, below: 5 }] });
  expect(before.report).toMatchObject({
    lostEvents: 3,
    lostPositions: ['3-4', 'and 1 elsewhere'],
  });
  const after = mendOf({ head, events: events.slice(0, -2) }, head.position + 5);
  const last = events.at(-3)?.position ?? 0;
  expect(after.report.lostPositions).toEqual([`${last + 1}-${head.position + 5}`]);
  expect(after.report).toMatchObject({ lostEvents: 7, head: 'older' });
});

test('without a head, a parameter that left the config has its initial value when it is declared again', async () => {
  const yaml = 'rules: []\nparameters: { kept: { initial: 1 }, left: { initial: 5 } }';
  const { engine, store } = await createEngineFixture(yaml);
  await engine.decide(setParameter({ target: 'left', value: 7, reason: '', holdSeconds: 0 }));
  await engine.configure(configOf('rules: []\nparameters: { kept: { initial: 1 } }'));
  const mended = mendOf({ events: [...(store.load()?.events ?? [])] });
  expect(mended.head.parameters).toEqual({ kept: 1 });
  expect((await goOn(mended, yaml)).state.head.parameters).toEqual({ kept: 1, left: 5 });
});
