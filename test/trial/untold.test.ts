import { describe, expect, test } from 'vitest';
import { LATENCY, type Metric, OUTCOME } from '../../src/domain/effect.ts';
import type { FinishedTask } from '../../src/trial/advance.ts';
import type { Arm } from '../../src/trial/arm.ts';
import { eUntold } from '../../src/trial/validity.ts';
import { RATED, wealthOf } from '../support/trials/by-hand.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';

type End = (arm: Arm) => Partial<FinishedTask>;

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };
const CANCELLED = { status: 'cancelled' } as const;
const newCancelled: End = (arm) => (arm === 'new' ? CANCELLED : {});
const oldCancelled: End = (arm) => (arm === 'old' ? CANCELLED : {});
const faster: End = (arm) => ({ latencyMs: arm === 'new' ? 50 : 100 });

/** The mean of both directions, by hand. */
function byHand(stakes: readonly number[]): number {
  return (
    (wealthOf(RATED, stakes) +
      wealthOf(
        RATED,
        stakes.map((stake) => -stake),
      )) /
    2
  );
}

describe('evidence that tasks of one arm tell less', () => {
  test('bets on pairs of which just one was cancelled', () => {
    const bench = new TrialBench();
    for (const end of [newCancelled, () => CANCELLED, newCancelled, faster, oldCancelled])
      bench.pair(end);
    expect(eUntold(bench.trial)).toBeCloseTo(byHand([1, 1, -1]), 12);
    expect(bench.trial.cancelled).toEqual({ old: 2, new: 3 });
  });

  test('bets in groups on the share of the others less that of the old one', () => {
    const bench = new TrialBench();
    bench.promote();
    bench.group(newCancelled);
    const [[first] = ['']] = bench.open(5).filter(([, arm]) => arm === 'new');
    for (const { taskId } of bench.trial.sets[0]?.tasks ?? []) {
      bench.finish(taskId, taskId === first ? CANCELLED : {});
    }
    bench.group(oldCancelled);
    expect(eUntold(bench.trial)).toBeCloseTo(byHand([1, 0.25, -1]), 12);
  });

  test('where no report has a latency, one that fails more does not tell less', () => {
    const bench = new TrialBench();
    const failing: End = (arm) => ({
      status: arm === 'new' ? 'failure' : 'success',
      latencyMs: undefined,
    });
    for (let i = 0; i < 10; i += 1) bench.pair(failing);
    expect(eUntold(bench.trial)).toBe(1);
  });

  test.each([
    ['a success without a latency', LATENCY, { latencyMs: undefined }, 1],
    ['the same where the outcome is primary', OUTCOME, { latencyMs: undefined }, 1],
    ['a failure without one tells', LATENCY, { status: 'failure', latencyMs: undefined }, 0],
    ['a task without the measurement', COST, {}, 1],
    ['one that has it', COST, { measurements: { cost: 2 } }, 0],
  ] as const)('%s', (_, primary, end, stake) => {
    const bench = new TrialBench({ primary, guards: [] });
    bench.pair((arm) => (arm === 'new' ? end : { measurements: { cost: 1 } }));
    expect(eUntold(bench.trial)).toBeCloseTo(stake === 0 ? 1 : byHand([stake]), 12);
  });

  test('counts lost tasks where they have no measurement', () => {
    const bench = new TrialBench({ primary: COST, guards: [], outcomeTimeoutMs: 1000 });
    for (const [id, arm] of bench.open(2)) {
      if (arm === 'old') bench.finish(id, { measurements: { cost: 1 } });
    }
    bench.nowMs = 1000;
    bench.expire();
    expect(eUntold(bench.trial)).toBeCloseTo(byHand([1]), 12);
  });
});

describe('a pair', () => {
  test.each([newCancelled, oldCancelled])(
    'of which one was cancelled tells nothing else',
    (end) => {
      const bench = new TrialBench();
      const { evidence, recentFailures } = bench.trial;
      bench.pair(end);
      expect(bench.trial).toMatchObject({
        tasksUsed: 0,
        evidence,
        recentFailures,
        counted: [],
        sets: [],
      });
      expect(bench.trial.expected).toEqual({ old: 1, new: 1 });
    },
  );

  test('holds up nobody', () => {
    const bench = new TrialBench();
    bench.pair(newCancelled);
    bench.pair();
    expect(bench.trial.tasksUsed).toBe(2);
  });
});

describe('a group', () => {
  test('ranks those that were not cancelled, and is out without the old one', () => {
    const bench = new TrialBench();
    bench.promote();
    let fresh = 0;
    bench.group((arm) => (arm === 'new' && fresh++ < 3 ? CANCELLED : faster(arm)));
    expect(bench.trial).toMatchObject({ tasksUsed: 2, evidence: [{ sets: 1, tasksNew: 1 }, {}] });
    bench.group(oldCancelled);
    bench.group(newCancelled);
    expect(bench.trial).toMatchObject({ tasksUsed: 2, evidence: [{ sets: 1 }, {}] });
  });
});

describe('a trial', () => {
  /** So many pairs of which the new one is cancelled bring the evidence to a limit. */
  const pairsUntil = (limit: number) => {
    let count = 0;
    while (byHand(Array.from({ length: count }, () => 1)) < limit) count += 1;
    return count;
  };

  test.each(['trial', 'probation'] as const)(
    'on %s is INVALID at 20, and says who was cancelled',
    (stage) => {
      const bench = new TrialBench();
      if (stage === 'probation') bench.promote();
      const count = pairsUntil(20);
      for (let i = 0; i < count; i += 1) {
        expect(bench.next).toBeUndefined();
        if (stage === 'trial') bench.pair(newCancelled);
        else bench.group(newCancelled);
      }
      expect(bench.settle()).toEqual(['invalid']);
      const [all, each] = stage === 'trial' ? [count, count] : [count, 4 * count];
      expect(bench.finding?.reason).toBe(
        `of ${all} tasks of the old value 0 were cancelled and 0 not reported, ` +
          `of ${each} tasks of the new value ${each} were cancelled and 0 not reported`,
      );
    },
  );

  test('whose arms cancel alike goes on', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 40; i += 1) bench.pair(i % 2 === 0 ? newCancelled : oldCancelled);
    expect(bench.next).toBeUndefined();
  });

  test('is not promoted while that evidence is 3 or more: what is out may lower it', () => {
    const bench = new TrialBench();
    for (let i = 0; i < pairsUntil(3); i += 1) bench.pair(newCancelled);
    const out = bench.open(12);
    bench.trial = { ...bench.trial, evidence: helped(bench), tasksUsed: 40 };
    expect(bench.next).toBeUndefined();
    for (const [id, arm] of out.slice(0, 10)) bench.finish(id, faster(arm));
    expect(bench.next).toBeUndefined();
    for (const [id, arm] of out.slice(10)) bench.finish(id, oldCancelled(arm));
    expect(bench.next).toEqual({ move: 'promote' });
  });

  test('ends as INCONCLUSIVE where nothing is out that could lower it', () => {
    const bench = new TrialBench();
    for (let i = 0; i < pairsUntil(3); i += 1) bench.pair(newCancelled);
    bench.trial = { ...bench.trial, evidence: helped(bench), tasksUsed: 40 };
    expect(bench.settle()).toEqual(['inconclusive']);
    expect(bench.finding?.reason).toMatch(
      /^it may help, but of \d+ tasks of the old value 0 were c/,
    );
  });

  test('is not confirmed either, and names it at the end of probation', () => {
    const bench = new TrialBench({ probationTasks: 20 });
    bench.trial = { ...bench.trial, evidence: helped(bench, 300) };
    bench.promote();
    for (let i = 0; i < pairsUntil(3); i += 1) {
      bench.group(newCancelled);
      bench.recorded += 5;
    }
    expect(bench.settle()).toEqual(['inconclusive']);
    expect(bench.finding?.reason).toMatch(/^it may help, but of/);
  });

  test('of which every pair is left out ends once it has assigned its 200', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 100; i += 1) bench.pair(() => CANCELLED);
    expect(bench.settle()).toEqual(['inconclusive']);
    expect(bench.finding?.reason).toBe('nothing was found in 0 tasks');
  });
});

/** Evidence of forty tasks that is so high, and rests on half of the latency. */
function helped({ trial }: TrialBench, help = 30) {
  return trial.evidence.map((one, i) => ({
    ...one,
    mixed: { ...one.mixed, help: one.mixed.help.map(() => (i === 0 ? 2 * help : 1)) },
    peaks: { help: i === 0 ? help : 1, notWorse: 100 },
    differences: i === 0 ? [-0.7] : [0],
    sets: 20,
    tasksOld: 20,
    tasksNew: 20,
  }));
}
