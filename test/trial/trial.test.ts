import { describe, expect, test } from 'vitest';
import { addPair, noEvidence } from '../../src/trial/evidence.ts';
import { startTrial } from '../../src/trial/trial.ts';
import { isOutage } from '../../src/trial/verdict.ts';
import { outcomeOf, planOf, TrialBench } from '../support/trial-bench.ts';

/** A trial of which these tasks have their arms. */
function withTasks(...ids: string[]): TrialBench {
  const bench = new TrialBench({ outcomeTimeoutMs: 1000 });
  for (const id of ids) bench.assign(id);
  return bench;
}

const FAILURE = { status: 'failure', latencyMs: 100 } as const;

describe('outcomes', () => {
  test('count with the second one of a pair, by their arms', () => {
    const bench = withTasks('a', 'b');
    const [first] = bench.trial.assignments;
    bench.finish('b', { latencyMs: first?.arm === 'old' ? 200 : 100 });
    expect(bench.trial).toMatchObject({ tasksUsed: 0, openPairs: [{ number: 1 }] });
    bench.finish('a', { latencyMs: first?.arm === 'old' ? 100 : 200 });
    expect(bench.trial).toMatchObject({ tasksUsed: 2, openPairs: [] });
    expect(bench.trial.evidence[0]?.differences[0]).toBeCloseTo(Math.log(2), 12);
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

  test.each([
    ['before', ['a', 'b']],
    ['after', ['b', 'a']],
  ])('a cancelled task takes its pair out, %s the other one has ended', (_, order) => {
    const bench = withTasks('a', 'b', 'c', 'd');
    for (const id of order) bench.finish(id, { status: id === 'a' ? 'cancelled' : 'success' });
    expect(bench.trial).toMatchObject({ tasksUsed: 0, openPairs: [{ number: 2 }] });
    expect(bench.trial.evidence).toEqual(startTrial(planOf(), 0).evidence);
  });

  test('a measurement is taken down only where the trial looks at it', () => {
    const metric = { name: 'cost', kind: 'measurement', better: 'lower' } as const;
    const bench = new TrialBench({ guards: [metric] });
    bench.assign('a');
    bench.finish('a', { measurements: { cost: 3, secret: 4 } });
    expect(bench.trial.openPairs[0]?.tasks[0]?.outcome?.measurements).toEqual({ cost: 3 });
  });
});

describe('an outcome that does not come in time', () => {
  test('is missing, and its pair is left out', () => {
    const bench = withTasks('a', 'b');
    bench.nowMs = 999;
    expect(bench.expire()).toBe(0);
    bench.assign('c');
    bench.nowMs = 1000;
    bench.finish('b');
    expect(bench.expire()).toBe(1);
    expect(bench.trial.openPairs).toMatchObject([{ number: 2, tasks: [{ taskId: 'c' }] }]);
    const { missing, expected } = bench.trial;
    expect([missing.old + missing.new, expected.old + expected.new]).toEqual([1, 3]);
    // It comes too late.
    expect(bench.finish('a')).toBe(false);
    expect(bench.expire()).toBe(0);
  });

  test('is not missing if its pair was given up for another reason', () => {
    const bench = withTasks('a', 'b', 'c', 'd');
    bench.finish('a', { status: 'cancelled' });
    bench.pause();
    bench.nowMs = 5000;
    expect(bench.expire()).toBe(0);
    expect(bench.trial.missing).toEqual({ old: 0, new: 0 });
  });
});

describe('a pause', () => {
  test('leaves out the pairs it touches, and gives no arms', () => {
    const bench = withTasks('a', 'b', 'c');
    bench.finish('a');
    bench.pause();
    expect(bench.trial).toMatchObject({ openPairs: [], expected: { old: 0, new: 0 } });
    expect(bench.assign('d')).toBeUndefined();
    expect(bench.finish('b')).toBe(false);
    bench.resume();
    bench.assign('e');
    expect(bench.trial.openPairs).toMatchObject([{ number: 3, tasks: [{ taskId: 'e' }] }]);
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

  test('in the midst of many slow tasks does not unbalance the arms', () => {
    const ids = Array.from({ length: 100 }, (_, i) => `t${i}`);
    const bench = withTasks(...ids);
    for (const { taskId, arm } of bench.trial.assignments) if (arm === 'old') bench.finish(taskId);
    bench.pause();
    bench.resume();
    expect(bench.next).toBeUndefined();
  });
});

describe('an outage', () => {
  /** Pairs of which both fail. */
  const failPairs = (bench: TrialBench, count: number) => {
    for (let i = 0; i < count; i += 1) bench.pair(() => FAILURE);
  };

  test('is seen when 8 of the last 10 outcomes of both arms failed', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 20; i += 1) bench.pair(() => ({}));
    failPairs(bench, 7);
    expect(bench.next).toBeUndefined();
    failPairs(bench, 1);
    expect(bench.next).toEqual({ move: 'pause' });
  });

  test('needs ten outcomes of each arm', () => {
    const bench = new TrialBench();
    failPairs(bench, 9);
    expect(isOutage(bench.trial)).toBe(false);
    failPairs(bench, 1);
    expect(isOutage(bench.trial)).toBe(true);
  });

  test('may be one as long as all fail: those pairs count with the next one that does not', () => {
    const bench = new TrialBench();
    failPairs(bench, 7);
    expect(bench.trial).toMatchObject({ tasksUsed: 0, evidence: startTrial(planOf(), 0).evidence });
    bench.pair((arm) => (arm === 'old' ? {} : FAILURE));
    expect(bench.trial).toMatchObject({ tasksUsed: 16, heldPairs: [] });
    expect(bench.trial.evidence).toMatchObject([{ pairs: 8 }, { pairs: 8 }]);
  });

  test('is none where one arm works', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 20; i += 1) bench.pair((arm) => (arm === 'new' ? FAILURE : {}));
    expect(isOutage(bench.trial)).toBe(false);
  });

  test('that is over starts to be looked for anew', () => {
    const bench = new TrialBench();
    failPairs(bench, 10);
    bench.pause('outage');
    expect(bench.next).toBeUndefined();
    bench.resume('outage');
    expect(bench.next).toBeUndefined();
    failPairs(bench, 9);
    expect(bench.next).toBeUndefined();
  });
});

test('a trial goes on from the evidence it is given, but counts its own tasks', () => {
  const pair = { old: [outcomeOf()], new: [outcomeOf({ latencyMs: 200 })] };
  let carried = planOf().carried ?? [planOf().primary, ...planOf().guards].map(noEvidence);
  for (let i = 0; i < 3; i += 1) carried = addPair(carried, pair, 1000);
  const bench = new TrialBench({ carried });
  expect(bench.trial).toMatchObject({ evidence: carried, tasksUsed: 0 });
  bench.pair((arm) => ({ latencyMs: arm === 'new' ? 200 : 100 }));
  expect(bench.trial.evidence).toEqual(addPair(carried, pair, 1000));
  expect(bench.trial.tasksUsed).toBe(2);
});
