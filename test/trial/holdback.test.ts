import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import type { FinishedTask } from '../../src/trial/advance.ts';
import { type Arm, drawBeginning } from '../../src/trial/arm.ts';
import { armOf } from '../../src/trial/assign.ts';
import type { GroupOutcomes } from '../../src/trial/evidence/group-score.ts';
import { initialEvidence } from '../../src/trial/evidence-before.ts';
import {
  addToHoldback,
  detection,
  detectionLimit,
  partEnd,
  startHoldback,
  watchedMetrics,
} from '../../src/trial/holdback.ts';
import type { TrialPlan } from '../../src/trial/plan.ts';
import { judge } from '../../src/trial/verdict.ts';
import { seededRandom } from '../support/engine/seed.ts';
import { RANKED, RATED } from '../support/trials/by-hand.ts';
import {
  failed,
  LATENCY_GUARD,
  ok,
  outcomeOf,
  planOf,
  SUCCESS_GUARD,
  TrialBench,
} from '../support/trials/trial-bench.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const START = { usualMs: 100, fromTask: 0, retrialTask: 0 };

function heldBack(plan: Partial<TrialPlan> = {}): TrialBench {
  const bench = new TrialBench(plan);
  bench.promote();
  bench.confirm();
  return bench;
}

/** The sum M ← (1 + M)(1 + λs), its mean over λ. */
function byHand(wagers: readonly number[], stakes: readonly number[]): number {
  const sums = wagers.map((wager) => stakes.reduce((sum, s) => (1 + sum) * (1 + wager * s), 0));
  return sums.reduce((total, sum) => total + sum, 0) / sums.length;
}

const worst: GroupOutcomes = { old: failed(900), new: [ok(1), ok(2), ok(3), failed(4)] };
const best: GroupOutcomes = { old: ok(1), new: [failed(1), ok(2), ok(3), failed(4)] };
const GROUPS = [best, worst, best];

describe('the detector', () => {
  test('sums up the stakes of the outcome and of success, and takes the mean with cancellations', () => {
    const plan = planOf();
    const state = GROUPS.reduce(
      (sum, group) => addToHoldback(sum, group, plan),
      startHoldback(plan, initialEvidence(plan), START),
    );
    const outcome = byHand(RANKED, [1, -1, 1]);
    const success = byHand(RATED, [0.5, -0.75, 0.5]);
    // Nobody cancels: that detector adds one a group.
    expect(detection(state)).toBeCloseTo((outcome + success + 3) / 3, 12);
    expect(state).toMatchObject({ groups: 3, ...START });
  });

  test('begins at nothing', () => {
    expect(detection(startHoldback(planOf(), initialEvidence(planOf()), START))).toBe(0);
  });

  test('is not moved by a group that tells nothing of its metric', () => {
    const plan = planOf({ primary: COST, guards: [] });
    const start = startHoldback(plan, initialEvidence(plan), START);
    expect(addToHoldback(start, best, plan).detectors[0]).toEqual(start.detectors[0]);
  });

  test('sees that tasks of the new value are cancelled more often', () => {
    const plan = planOf();
    let state = startHoldback(plan, initialEvidence(plan), START);
    let groups = 0;
    for (; detection(state) < detectionLimit(plan) && groups < 200; groups += 1) {
      state = addToHoldback(state, { old: ok(100), new: [ok(100), ok(100), ok(100)] }, plan, 0.25);
    }
    expect(groups).toBeLessThan(60);
  });

  test('adds one a group at most, on average, while nothing harms', () => {
    const plan = planOf({ primary: COST, guards: [SUCCESS_GUARD, LATENCY_GUARD] });
    const { next } = seededRandom(5);
    const draw = () =>
      outcomeOf({
        status: next() < 0.8 ? 'success' : 'failure',
        latencyMs: 10 / (1 - next()),
        measurements: { cost: 1 / (1 - next()) ** 1.5 },
      });
    const RUNS = 3000;
    let sum = 0;
    for (let run = 0; run < RUNS; run += 1) {
      let state = startHoldback(plan, initialEvidence(plan), START);
      for (let i = 0; i < 12; i += 1) {
        const group = { old: draw(), new: [draw(), draw(), draw(), draw()] };
        state = addToHoldback(state, group, plan);
      }
      sum += detection(state) / RUNS;
    }
    expect(sum).toBeGreaterThan(10);
    expect(sum).toBeLessThan(14);
  });

  test.each([
    [
      'latency is part of the outcome',
      OUTCOME,
      [SUCCESS_GUARD, LATENCY_GUARD],
      ['outcome', 'success'],
    ],
    ['and of nothing else', COST, [LATENCY_GUARD, SUCCESS_GUARD], ['cost', 'latency', 'success']],
    ['a primary is always watched', LATENCY, [SUCCESS_GUARD], ['latency', 'success']],
    ['alone', SUCCESS, [], ['success']],
  ])('%s', (_, primary, guards, names) => {
    expect(watchedMetrics(planOf({ primary, guards })).map(({ name }) => name)).toEqual(names);
  });
});

describe('the value is taken back', () => {
  test.each([
    [0.05, 5000],
    [0.02, 2000],
  ])('with %d held back at %i', (holdback, limit) => {
    expect(detectionLimit({ holdback })).toBeCloseTo(limit, 9);
    const { trial } = heldBack({ holdback });
    const withSum = (sum: number) => ({
      ...trial,
      holdback: {
        ...startHoldback(trial.plan, trial.evidence, START),
        detectors: [[sum], [sum - 2]],
      },
    });
    expect(judge(withSum(limit), 0)).toBeUndefined();
    expect(judge(withSum(limit + 1), 0)).toMatchObject({ verdict: 'harmed' });
  });

  test('soon after it has begun to harm, and never while it helps', () => {
    const play = (end: (arm: Arm) => Partial<FinishedTask>) => {
      const bench = heldBack();
      let groups = 0;
      for (; groups < 100 && bench.next?.move !== 'end'; groups += 1) {
        bench.group(end);
      }
      return groups;
    };
    expect(play((arm) => ({ latencyMs: arm === 'new' ? 200 : 100 }))).toBeLessThan(20);
    expect(play((arm) => ({ latencyMs: arm === 'new' ? 50 : 100 }))).toBe(100);
  });
});

describe('a group of holdback', () => {
  test.each([0.05, 0.02, 0.2])('keeps the share of old tasks at %d', (holdback) => {
    const TASKS = 30_000;
    const bench = heldBack({ holdback });
    let old = 0;
    for (let i = 0; i < TASKS; i += 1) {
      if (bench.next?.move === 'renew') bench.confirm();
      const arm = bench.assign(`t${i}`);
      if (arm === 'old') old += 1;
      if (arm === undefined) bench.recorded += 1;
      else bench.finish(`t${i}`);
    }
    expect(old / TASKS / holdback).toBeGreaterThan(0.94);
    expect(old / TASKS / holdback).toBeLessThan(1.06);
  });

  test('is of five tasks that ask one after the other, of which the seed says the first', () => {
    const bench = heldBack({ holdback: 0.05 });
    const ids = Array.from({ length: 2000 }, (_, i) => `t${i}`);
    const steps = ids.map((id) => bench.dispatch(id));
    const begun = steps.filter((step, i) => step && step.set !== steps[i - 1]?.set);
    expect(begun.every((step) => drawBeginning(bench.seed, step?.taskId ?? '', 1 / 16))).toBe(true);
    const sizes = Map.groupBy(
      steps.flatMap((step) => step?.set ?? []),
      (set) => set,
    );
    expect([...sizes.values()].slice(0, -1).every((set) => set.length === 5)).toBe(true);
    // On average 15 tasks lie between two groups.
    expect(Math.abs(begun.length - 100)).toBeLessThan(20);
  });

  test('with a lost task counts as if it had failed', () => {
    const bench = heldBack();
    for (const [id, arm] of bench.open(5)) if (arm === 'new') bench.finish(id);
    bench.nowMs = 60_000;
    expect(bench.expire()).toBe(1);
    expect(bench.trial.holdback?.groups).toBe(1);
    // The old one was the last of five.
    expect(bench.trial.holdback?.detectors[0]).toEqual(RANKED.map((wager) => 1 - wager));
  });

  test('without its old one, which was cancelled, tells nothing', () => {
    const bench = heldBack();
    bench.group((arm) => ({ status: arm === 'old' ? 'cancelled' : 'success' }));
    expect(bench.trial.holdback?.groups).toBe(0);
    expect(bench.trial.sets).toEqual([]);
  });
});

describe('a part of holdback', () => {
  test('ends after a thousand tasks, once its newest group is full', () => {
    const bench = heldBack();
    expect(
      partEnd({ ...startHoldback(planOf(), initialEvidence(planOf()), START), fromTask: 300 }),
    ).toBe(1300);
    bench.open(3);
    bench.recorded = 1200;
    expect(bench.next).toBeUndefined();
    bench.open(2);
    expect(bench.next).toEqual({ move: 'renew' });
  });

  test('takes over the groups that wait for outcomes, and counts them', () => {
    const bench = heldBack();
    const open = bench.open(5);
    bench.recorded = 1200;
    bench.renew();
    expect(open.map(([id]) => armOf(bench.trial, id))).toEqual(open.map(([, arm]) => arm));
    expect(bench.trial.expected).toEqual({ old: 1, new: 4 });
    for (const [id] of open) expect(bench.finish(id)).toBe(true);
    expect(bench.trial.holdback?.groups).toBe(1);
    // Where a group is not full, its tasks go on with the value in force.
    const left = bench.open(2);
    bench.renew();
    expect(left.map(([id]) => bench.finish(id))).toEqual([false, false]);
    expect(bench.trial.expected).toEqual({ old: 0, new: 0 });
  });

  test.each([1, 10, 100, 2000])(
    'keeps to its share where reports come in batches of %i',
    (batch) => {
      const bench = heldBack();
      let [asked, old] = [0, 0];
      for (; asked < 20_000; asked += batch) {
        for (let i = 0; i < batch; i += 1) {
          const arm = bench.assign(`${asked + i}`);
          if (arm === 'old') old += 1;
        }
        for (let i = 0; i < batch; i += 1) bench.finish(`${asked + i}`);
        if (bench.next?.move === 'renew') bench.renew();
      }
      expect(old / asked).toBeGreaterThan(0.045);
      expect(old / asked).toBeLessThan(0.055);
    },
  );

  test('goes on with what is known, with new coins and nothing of before', () => {
    const bench = heldBack();
    bench.group();
    const { trial, seed } = bench;
    const state = {
      ...(trial.holdback ?? startHoldback(trial.plan, trial.evidence, START)),
      fromTask: 1000,
    };
    const plan = { ...trial.plan, outcomeTimeoutMs: 5 };
    const effect = { verdict: 'helped', metrics: [], tasksUsed: 0 } as const;
    const { stages } = trial;
    const step = {
      step: 'renew',
      former: '',
      timeMs: 1,
      seed,
      commitment: 'c',
      summary: '',
      effect,
      stages,
    } as const;
    bench.take({ ...step, plan, state, open: [], tossed: 1 });
    expect(bench.trial).toMatchObject({
      stage: 'holdback',
      stages: stages + 1,
      commitment: 'c',
      plan: { outcomeTimeoutMs: 5 },
      holdback: { groups: 1, fromTask: 1000 },
      tossed: 1,
      assignments: [],
      counted: [],
    });
    expect(bench.seed).not.toBe(seed);
  });
});

test('without holdback a confirmed trial is over', () => {
  for (const plan of [{ holdback: 0 }, { assignment: 'switchback' as const }]) {
    expect(() => heldBack(plan)).toThrow(/over/);
  }
});
