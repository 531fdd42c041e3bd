import { describe, expect, test } from 'vitest';
import { tasksOf } from '../support/engine/engine-fixture.ts';
import { normalNoise } from '../support/engine/noise.ts';
import { seededRandom } from '../support/engine/seed.ts';
import { expectAudited } from '../support/trials/audited.ts';
import {
  createTrialFixture,
  faster,
  slower,
  type TrialFixture,
  type TrialText,
  trialYaml,
} from '../support/trials/trial-fixture.ts';

/** Confirmed soon, and every fifth task held back. */
const SOON = { rules: [{ more: 'guards: []' }], trial: 'holdback: 0.2' };
const MS_PER_HOUR = 3_600_000;

/** Before anything is tried, tasks take 100 ms: gains are clipped at 400. */
async function usual(text: TrialText = {}): Promise<{ fixture: TrialFixture; yaml: string }> {
  const yaml = trialYaml(text);
  const fixture = await createTrialFixture(yaml);
  await fixture.engine.recordTasks(
    tasksOf(30, { latencyMs: 100, finishTimeMs: fixture.clock.now() }),
  );
  return { fixture, yaml };
}

/** A value that saves 50 ms a task is confirmed. */
async function confirmed(text: TrialText = SOON) {
  const { fixture, yaml } = await usual(text);
  const deltaId = await fixture.begin();
  await fixture.runUntil(deltaId, 'confirmed', faster);
  return { fixture, yaml, deltaId };
}

describe('what a confirmed change gains', () => {
  test('is 50 ms for each task that ran with the new value', async () => {
    const { fixture, deltaId } = await confirmed();
    const begun = fixture.state.head.counters.tasksRecorded;
    for (let i = 0; i < 150; i += 1) await fixture.run(faster);
    const gains = fixture.engine.gains();
    expect(gains.tasks).toBe(150);
    expect(gains.needed).toEqual([]);
    const [change] = gains.changes;
    expect(change).toMatchObject({
      ...{ delta: { deltaId, target: 'level', oldValue: 0, newValue: 1 }, isMeasuring: true },
      ...{ tasks: 150, tasksHeldBack: 30, note: '' },
    });
    expect(fixture.delta(deltaId).confirmation).toMatchObject({ tasksRecorded: begun });
    const hours = (120 * 50) / MS_PER_HOUR;
    const latency = { metric: 'latency', better: 'lower', perTask: 50 };
    expect(change?.gains[0]).toMatchObject({ ...latency, total: { estimate: hours } });
    // All saved the same, but one that takes longer may still come.
    const { lower = 0, upper = 0 } = change?.gains[0] ?? {};
    expect([lower < 50, upper > 50]).toEqual([true, true]);
    expect(change?.gains[1]).toMatchObject({ metric: 'success', perTask: 0 });
    expect(gains.totals.map(({ metric }) => metric)).toEqual(['latency', 'success']);
    expect(gains.totals[0]).toEqual(change?.gains[0]?.total);
    expect(gains.holdingBack).toMatchObject({
      ...{ tasks: 30, amounts: [{ estimate: (30 * 50) / MS_PER_HOUR }, { metric: 'success' }] },
    });
    // Of the trial and its probation, the tasks with the old value.
    const { tasksOld, tasksNew } = fixture.delta(deltaId).effect?.compared ?? {};
    expect((tasksOld ?? 0) + (tasksNew ?? 0)).toBe(fixture.delta(deltaId).effect?.tasksUsed);
    expect(gains.exploring).toMatchObject({
      ...{ tasks: tasksOld, amounts: [{ estimate: ((tasksOld ?? 0) * 50) / MS_PER_HOUR }, {}] },
    });
    expectAudited(fixture.store);
  });

  test('has the direction of its guard, even if that is first measured later', async () => {
    const more = 'guards: [{ measurement: quality, better: higher, margin: 0.1 }]';
    const trial = 'holdback: 0.2, probation_tasks: 100';
    const { fixture } = await confirmed({ rules: [{ more }], trial });
    const better = (level: unknown) => ({
      ...faster(level),
      measurements: { quality: level === 1 ? 5 : 3 },
    });
    for (let i = 0; i < 300; i += 1) await fixture.run(better);
    const [change] = fixture.engine.gains().changes;
    const quality = change?.gains.find(({ metric }) => metric === 'quality');
    expect(quality).toMatchObject({ better: 'higher', perTask: 2 });
  });

  test('is not known before twenty groups, and says so', async () => {
    const { fixture } = await confirmed();
    for (let i = 0; i < 60; i += 1) await fixture.run(faster);
    const { changes, totals, needed } = fixture.engine.gains();
    expect(changes).toMatchObject([
      { gains: [], note: 'not measured yet: 12 of 20 groups are counted', tasksHeldBack: 12 },
    ]);
    expect(totals).toEqual([]);
    expect(needed).toHaveLength(1);
  });

  test('is not known where nothing is held back', async () => {
    const { fixture } = await confirmed({ ...SOON, trial: 'holdback: 0' });
    for (let i = 0; i < 30; i += 1) await fixture.run(faster);
    const { changes } = fixture.engine.gains();
    expect(changes).toMatchObject([{ gains: [], isMeasuring: false, tasks: 0 }]);
    expect(changes[0]?.note).toMatch(/^not measured: no task keeps the old value/);
  });

  test('is only predicted in blocks', async () => {
    const { fixture } = await confirmed({ ...SOON, assignment: 'switchback' });
    const { changes, exploring } = fixture.engine.gains();
    expect(changes).toMatchObject([{ gains: [], isMeasuring: false }]);
    expect(changes[0]?.predictions).toMatchObject([
      { madeWhen: 'provisional', difference: { perTask: 50 }, found: undefined },
      { madeWhen: 'confirmed', difference: { perTask: 50 }, found: undefined },
    ]);
    expect(exploring.tasks).toBeGreaterThan(30);
    expectAudited(fixture.store);
  });

  test('is the same after a restart, and stands still once its holdback has ended', async () => {
    const { fixture, yaml, deltaId } = await confirmed();
    for (let i = 0; i < 150; i += 1) await fixture.run(faster);
    const before = fixture.engine.gains();
    const again = await fixture.reopen(yaml);
    // Whether tasks ask by their id is learned anew.
    expect({ ...again.engine.gains(), needed: [] }).toEqual({ ...before, needed: [] });
    await again.setLevel(7);
    for (let i = 0; i < 40; i += 1) await again.run(faster);
    const { changes } = again.engine.gains();
    expect(changes).toMatchObject([{ tasks: 150, tasksHeldBack: 30, isMeasuring: false }]);
    expect(changes[0]?.gains).toEqual(before.changes[0]?.gains);
    expect(again.state.head.endedHoldbacks[deltaId]).toBeGreaterThan(0);
    expect((await again.reopen(yaml)).engine.gains().changes).toEqual(changes);
  });
});

describe('what was not kept', () => {
  test('is told with its verdict, and what trying it cost', async () => {
    const { fixture } = await usual();
    const deltaId = await fixture.begin();
    await fixture.runUntil(deltaId, 'reverted', slower, 200);
    const { unkept, changes, exploring, record } = fixture.engine.gains();
    expect(changes).toEqual([]);
    expect(unkept).toMatchObject([{ delta: { deltaId, effect: { verdict: 'harmed' } } }]);
    const { tasksNew = 0 } = fixture.delta(deltaId).effect?.compared ?? {};
    expect(exploring).toMatchObject({ tasks: tasksNew });
    // 100 ms more each.
    expect(exploring.amounts[0]?.estimate).toBeCloseTo((tasksNew * 100) / MS_PER_HOUR, 12);
    expect(record).toMatchObject({ promotions: 0, confirmed: 0, takenBack: 0 });
  });

  test('cost nothing where it was a little better, but not worth a change', async () => {
    const { fixture } = await usual({ rules: [{ more: 'guards: []' }] });
    await fixture.begin();
    await fixture.runOut((level) => ({ latencyMs: level === 1 ? 99 : 100 }));
    const { unkept, exploring, record } = fixture.engine.gains();
    expect(unkept).toMatchObject([{ delta: { effect: { verdict: 'inconclusive' } } }]);
    expect(record.promotions).toBe(0);
    expect(exploring.tasks).toBeGreaterThan(0);
    expect(exploring.amounts[0]?.estimate).toBeCloseTo(-exploring.tasks / MS_PER_HOUR, 12);
  });

  test('may have been confirmed before: after how many tasks it harmed is told', async () => {
    const { fixture, deltaId } = await confirmed();
    for (let i = 0; i < 110; i += 1) await fixture.run(faster);
    const end = (level: unknown) => ({ latencyMs: level === 1 ? 400 : 100 });
    const more = await fixture.runUntil(deltaId, 'reverted', end, 500);
    const { unkept, changes, record } = fixture.engine.gains();
    expect(unkept).toMatchObject([{ delta: { deltaId }, tasksConfirmed: 110 + more }]);
    expect(changes).toMatchObject([{ tasks: 110 + more, isMeasuring: false }]);
    expect(record).toMatchObject({
      ...{ promotions: 1, confirmed: 1, takenBack: 0, takenBackConfirmed: 1, onProbation: 0 },
    });
  });
});

describe('where nothing is proven', () => {
  test('it is said what a trial would take', async () => {
    const fixture = await createTrialFixture(trialYaml());
    const { needed, changes, open } = fixture.engine.gains();
    expect([changes, open]).toEqual([[], []]);
    expect(needed).toHaveLength(1);
    expect(needed[0]).toMatch(/^On trial, task by task: .*improvement/);
    const deltaId = await fixture.begin();
    expect(fixture.engine.gains().open).toMatchObject([{ delta: { deltaId }, tasksUsed: 0 }]);
  });

  test.each(['auto', 'task'] as const)(
    'or, in mode auto, what comparing it in force would take (%s)',
    async (assignment) => {
      const yaml = trialYaml({ assignment, rules: [{ more: 'mode: auto' }] });
      const fixture = await createTrialFixture(yaml);
      const follower = { clientId: 'c', types: [], snapshotSequence: 0 };
      fixture.engine.followedBy(() => [follower]);
      const [needed] = fixture.engine.gains().needed;
      expect(needed).toMatch(
        /^In force, compared in blocks of 5: .* 1,000 tasks .*would most likely show/,
      );
    },
  );

  test('or that nothing is tried', async () => {
    const fixture = await createTrialFixture(trialYaml({ rules: [{ more: 'mode: apply' }] }));
    expect(fixture.engine.gains().needed).toEqual([
      expect.stringMatching(/^No rule tries its changes/),
    ]);
  });
});

describe('predictions', () => {
  test('of the promotion and of the confirmation are graded by the holdback', async () => {
    const { fixture } = await confirmed();
    const graded = () => fixture.engine.gains().record;
    expect(graded()).toMatchObject({ promotions: 1, confirmed: 1, predictionsGraded: 0 });
    for (let i = 0; i < 120; i += 1) await fixture.run(faster);
    expect(fixture.engine.gains().changes[0]?.predictions).toMatchObject([
      { madeWhen: 'provisional', difference: { metric: 'latency', perTask: 50 }, found: 50 },
      { madeWhen: 'confirmed', difference: { metric: 'latency', perTask: 50 }, found: 50 },
    ]);
    expect(graded()).toMatchObject({
      predictionsGraded: 2,
      predictionsHeld: 2,
      expectedShare: 0.95,
    });
  });

  test('that were too good are seen not to hold', async () => {
    const { fixture } = await confirmed();
    const end = (level: unknown) => ({ latencyMs: level === 1 ? 90 : 100 });
    for (let i = 0; i < 120; i += 1) await fixture.run(end);
    expect(fixture.engine.gains().record).toMatchObject({
      ...{ predictionsGraded: 2, predictionsHeld: 0 },
    });
  });
});

const METRICS = ['latency', 'success', 'cost'] as const;

/** An orchestrator whose new value saves 30 % of latency and 40 % of cost, and 10 points of success. */
class Planted {
  /** What the tasks with the new value have gained. */
  readonly gained = { latency: 0, success: 0, cost: 0 };
  readonly #noise: () => number;
  readonly #next: () => number;

  constructor(seed: number) {
    this.#noise = normalNoise(seed, 0.4);
    this.#next = seededRandom(seed).next;
  }

  end(level: unknown) {
    const latencyMs = 1000 * Math.exp(this.#noise());
    const cost = 2 * Math.exp(this.#noise());
    const chance = this.#next();
    if (level !== 1) return taskOf(latencyMs, cost, chance < 0.85);
    this.gained.latency += (0.3 * latencyMs) / MS_PER_HOUR;
    this.gained.success += chance >= 0.85 && chance < 0.95 ? 1 : 0;
    this.gained.cost += 0.4 * cost;
    return taskOf(0.7 * latencyMs, 0.6 * cost, chance < 0.95);
  }
}

function taskOf(latencyMs: number, cost: number, hasSucceeded: boolean) {
  const status = hasSucceeded ? 'success' : 'failure';
  return { latencyMs, measurements: { cost }, status } as const;
}

test('totals hold what is planted, in latency, success and cost', async () => {
  const SEEDS = 8;
  const TASKS = 1000;
  const COSTLY = { more: 'primary: { measurement: cost, better: lower }, guards: []' };
  let held = 0;
  let shown = 0;
  for (let seed = 0; seed < SEEDS; seed += 1) {
    const yaml = trialYaml({ rules: [COSTLY], trial: 'holdback: 0.2' });
    const fixture = await createTrialFixture(yaml.replace('seed: s', `seed: s${seed}`));
    const planted = new Planted(seed);
    const end = (level: unknown) => planted.end(level);
    for (let i = 0; i < 100; i += 1) await fixture.run(end);
    const deltaId = await fixture.begin();
    await fixture.runUntil(deltaId, 'confirmed', end);
    const before = { ...planted.gained };
    for (let i = 0; i < TASKS; i += 1) await fixture.run(end);
    const { totals } = fixture.engine.gains();
    expect(totals.map(({ metric }) => metric)).toEqual(METRICS);
    METRICS.forEach((metric, i) => {
      const { lower, upper } = totals[i] ?? { lower: Number.NaN, upper: Number.NaN };
      const truth = planted.gained[metric] - before[metric];
      if (lower <= truth && truth <= upper) held += 1;
      if (lower > 0) shown += 1;
    });
  }
  expect(held / (3 * SEEDS)).toBeGreaterThanOrEqual(0.95);
  expect(shown / (3 * SEEDS)).toBeGreaterThan(0.6);
}, 120_000);
