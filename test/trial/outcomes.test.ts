import { describe, expect, test } from 'vitest';
import type { Guard } from '../../src/domain/effect.ts';
import { addPair } from '../../src/trial/evidence/add-evidence.ts';
import { startTrial, type Trial } from '../../src/trial/trial.ts';
import {
  LATENCY_GUARD,
  ok,
  planOf,
  SUCCESS_GUARD,
  TrialBench,
} from '../support/trials/trial-bench.ts';

const FAILURE = { status: 'failure', latencyMs: 100 } as const;

/** A trial of which these tasks have their arms. */
function withTasks(...ids: string[]): TrialBench {
  const bench = new TrialBench({ outcomeTimeoutMs: 1000 });
  for (const id of ids) bench.assign(id);
  return bench;
}

describe('outcomes', () => {
  test('count with the second one of a pair, by their arms', () => {
    const bench = withTasks('a', 'b');
    const isOld = bench.trial.assignments[0]?.arm === 'old';
    bench.finish('b', { latencyMs: isOld ? 200 : 100 });
    expect(bench.trial).toMatchObject({ tasksUsed: 0, sets: [{ number: 1 }] });
    bench.finish('a', { latencyMs: isOld ? 100 : 200 });
    expect(bench.trial).toMatchObject({ tasksUsed: 2, sets: [], expected: { old: 1, new: 1 } });
    expect(bench.trial.evidence[0]?.differences[0]).toBeCloseTo(Math.LN2, 12);
  });

  test.each([
    ['a task without an arm', 'stranger'],
    ['a task without an id', ''],
    ['one that has ended', 'a'],
  ])('%s tells nothing', (_, taskId) => {
    const bench = withTasks('a', 'b');
    bench.finish('a');
    const before = bench.trial;
    expect(bench.finish(taskId, FAILURE)).toBe(false);
    expect(bench.trial).toBe(before);
  });

  test('a measurement is taken down only where the trial looks at it', () => {
    const cost: Guard = {
      name: 'cost',
      kind: 'measurement',
      better: 'lower',
      statistic: 'total',
      margin: 0.05,
    };
    const bench = new TrialBench({ guards: [cost] });
    bench.assign('a');
    bench.finish('a', { measurements: { cost: 3, secret: 4 } });
    expect(bench.trial.waiting[0]?.task.outcome?.measurements).toEqual({ cost: 3 });
  });

  test('a report says how long it took since its arm was assigned', () => {
    const bench = withTasks('a', 'b');
    bench.nowMs = 700;
    bench.finish('a');
    bench.nowMs = 300;
    bench.finish('b');
    expect(bench.trial.longestMs).toBe(700);
  });
});

describe('an outcome that does not come in time', () => {
  test('is a failure of that latency, and its pair counts', () => {
    const bench = withTasks('a', 'b');
    bench.finish('b');
    bench.nowMs = 999;
    expect(bench.expire()).toBe(0);
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(1);
    const lost = bench.trial.lost[0]?.arm ?? 'old';
    expect(bench.trial).toMatchObject({
      tasksUsed: 2,
      sets: [],
      missing: { old: 0, new: 0, [lost]: 1 },
      expected: { old: 1, new: 1 },
      evidence: [{ sets: 1 }, { successLost: lost === 'new' ? 1 : -1 }],
    });
    expect(bench.expire()).toBe(0);
  });

  test.each([
    ['a success is better than it', {}, 1],
    ['a failure ties with it', FAILURE, 0],
  ])('%s', (_, end, told) => {
    const bench = withTasks('a', 'b');
    bench.finish('b', end);
    bench.nowMs = 1000;
    bench.expire();
    const [outcome] = bench.trial.evidence;
    expect((outcome?.worse ?? 0) + (outcome?.better ?? 0)).toBe(told);
    expect(outcome?.differences).toEqual([]);
  });

  test('is one too while its task waits for a partner', () => {
    const bench = withTasks('a');
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(1);
    bench.assign('b');
    bench.finish('b');
    expect(bench.trial).toMatchObject({ tasksUsed: 2, sets: [] });
  });

  test('each of several lets those behind it be counted, in order', () => {
    const bench = withTasks('a', 'b', 'c', 'd', 'e', 'f');
    for (const id of ['c', 'd', 'f']) bench.finish(id);
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(3);
    expect(bench.trial).toMatchObject({ tasksUsed: 6, sets: [], arrival: bench.trial.evidence });
  });
});

describe('a pause', () => {
  test('leaves out the pairs it touches, and gives no arms', () => {
    const bench = withTasks('a', 'b', 'c');
    bench.finish('a');
    bench.pause();
    expect(bench.trial).toMatchObject({ sets: [], waiting: [], expected: { old: 0, new: 0 } });
    expect(bench.trial).toMatchObject({ assigned: 0, dispatched: 3 });
    expect(bench.assign('d')).toBeUndefined();
    expect(bench.finish('b')).toBe(false);
    bench.resume();
    bench.assign('e');
    expect(bench.trial.waiting).toMatchObject([{ number: 3, task: { taskId: 'e' } }]);
  });

  test('leaves out what was lost and cancelled of them', () => {
    const bench = withTasks('a', 'b', 'c');
    bench.finish('b', { status: 'cancelled' });
    bench.nowMs = 500;
    for (const id of ['d', 'e', 'f', 'g']) bench.assign(id);
    bench.finish('e', { status: 'cancelled' });
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(2);
    const sums = ({ expected, missing, cancelled }: Trial) =>
      [expected, missing, cancelled].map(({ old, new: fresh }) => old + fresh);
    expect(sums(bench.trial)).toEqual([7, 2, 2]);
    bench.pause();
    // The first pair was counted; the second and the third were still out.
    expect(sums(bench.trial)).toEqual([2, 1, 1]);
  });

  test('of two reasons lasts until neither is left', () => {
    const bench = withTasks();
    bench.pause('outage');
    bench.pause('operator');
    bench.resume('outage');
    expect(bench.assign('a')).toBeUndefined();
    bench.resume('operator');
    expect(bench.assign('a')).toBeDefined();
  });
});

test('a trial goes on from the evidence it is given, but counts its own tasks', () => {
  const plan = planOf({ guards: [SUCCESS_GUARD, LATENCY_GUARD] });
  const pair = { old: [ok(100)], new: [ok(200)] };
  let { evidence: carried } = startTrial(plan, { timeMs: 0, commitment: '' });
  for (let i = 0; i < 3; i += 1) carried = addPair(carried, pair, plan);
  const bench = new TrialBench({ ...plan, carried });
  expect(bench.trial).toMatchObject({ evidence: carried, arrival: carried, tasksUsed: 0 });
  bench.pair((arm) => ({ latencyMs: arm === 'new' ? 200 : 100 }));
  expect(bench.trial.evidence).toEqual(addPair(carried, pair, plan));
  expect(bench.trial.tasksUsed).toBe(2);
});
