import { describe, expect, test } from 'vitest';
import type { FinishedTask } from '../../src/trial/advance.ts';
import type { Arm } from '../../src/trial/arm.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';

type End = (arm: Arm) => Partial<FinishedTask>;

const slower: End = (arm) => ({ latencyMs: arm === 'new' ? 300 : 100 });
const faster: End = (arm) => ({ latencyMs: arm === 'new' ? 30 : 100 });

/** The first pairs are out, and so many behind them have been reported, slower with the new value. */
function suspended(out: number, plan: ConstructorParameters<typeof TrialBench>[0] = {}) {
  const bench = new TrialBench(plan);
  const first = bench.open(2 * out);
  while (bench.next === undefined) bench.pair(slower);
  return { bench, first };
}

describe('harm by arrival', () => {
  test('suspends the trial: no task is given an arm, and those that wait are given up', () => {
    const { bench } = suspended(3, { pairBy: ['kind'] });
    bench.assign('lonely', { kind: 'rare' });
    expect(bench.settle()).toEqual(['suspend']);
    expect(bench.trial).toMatchObject({ suspendedMs: 0, waiting: [], tasksUsed: 0 });
    expect(bench.assign('another')).toBeUndefined();
    expect(bench.finish('lonely')).toBe(false);
    expect(bench.next).toBeUndefined();
  });

  test('is HARMED if the order says so, as soon as it does', () => {
    const { bench, first } = suspended(3);
    bench.settle();
    for (const [id, arm] of first.slice(0, 4)) bench.finish(id, slower(arm));
    expect(bench.settle()).toEqual([]);
    for (const [id, arm] of first.slice(4)) bench.finish(id, slower(arm));
    expect(bench.settle()).toEqual(['harmed']);
  });

  test('is none if the order says so: the trial goes on, the arrival being forgotten', () => {
    const { bench, first } = suspended(9);
    bench.settle();
    for (const [id, arm] of first) bench.finish(id, faster(arm));
    expect(bench.settle()).toEqual(['continue']);
    expect(bench.trial).toMatchObject({ suspendedMs: undefined, sets: [] });
    expect(bench.trial.arrival).toBe(bench.trial.evidence);
    expect(bench.assign('another')).toBeDefined();
  });

  test('keeps help waiting until all is in', () => {
    const { bench, first } = suspended(30);
    bench.settle();
    for (const [id, arm] of first.slice(0, 58)) bench.finish(id, faster(arm));
    // In order it has helped by now.
    expect(bench.trial.evidence[0]?.peaks.help).toBeGreaterThan(20);
    expect(bench.settle()).toEqual([]);
    for (const [id, arm] of first.slice(58)) bench.finish(id, faster(arm));
    expect(bench.settle()[0]).toBe('continue');
  });

  test('waits for tasks that are never reported, as failures', () => {
    const { bench, first } = suspended(20, { outcomeTimeoutMs: 1000 });
    bench.settle();
    for (const [id, arm] of first.slice(0, 39)) bench.finish(id, faster(arm));
    expect(bench.settle()).toEqual([]);
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(1);
    expect(bench.settle()).toEqual(['continue']);
  });

  test('that arrives in order is harm itself', () => {
    const { bench } = suspended(0);
    expect(bench.settle()).toEqual(['harmed']);
  });
});

describe('on probation', () => {
  /** A group is out; those behind it are slower with the new value. */
  function onProbation(): { bench: TrialBench; first: ReturnType<TrialBench['open']> } {
    const bench = new TrialBench();
    bench.promote();
    const first = bench.open(5);
    while (bench.next === undefined) bench.group(slower);
    return { bench, first };
  }

  test('harm by arrival suspends, and the order decides', () => {
    const { bench, first } = onProbation();
    expect(bench.settle()).toEqual(['suspend']);
    for (const [id, arm] of first) bench.finish(id, slower(arm));
    expect(bench.settle()).toEqual(['harmed']);
  });

  test.each([1, 2, 3, 4])(
    'a group that has begun with %i tasks counts if it has both arms',
    (begun) => {
      const { bench, first } = onProbation();
      const own = bench.open(begun);
      const hasBoth = new Set(own.map(([, arm]) => arm)).size === 2;
      bench.settle();
      expect(bench.trial.sets.at(-1)?.size).toBe(hasBoth ? begun : 5);
      expect(bench.finish(own[0]?.[0] ?? '')).toBe(hasBoth);
      for (const [id] of own.slice(1)) bench.finish(id);
      for (const [id] of first) bench.finish(id);
      expect(bench.trial.sets).toEqual([]);
    },
  );
});
