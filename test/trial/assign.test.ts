import { describe, expect, test } from 'vitest';
import { armOf } from '../../src/trial/assign.ts';
import { TrialBench } from '../support/trial-bench.ts';

/** The pairs that are open, each with the ids of its tasks. */
function pairsOf({ trial }: TrialBench): string[][] {
  return trial.openPairs.map(({ tasks }) => tasks.map(({ taskId }) => taskId));
}

/** Assigns `count` tasks, each of a kind of its own, from `from` on. */
function assignStrangers(bench: TrialBench, from: number, count: number): void {
  for (let i = from; i < from + count; i += 1) bench.assign(`s${i}`, { kind: `k${i}` });
}

describe('pairs', () => {
  test('without pair_by are of tasks one after the other, whatever their labels', () => {
    const bench = new TrialBench();
    for (const kind of ['a', 'b', 'c', 'd']) bench.assign(kind, { kind });
    expect(pairsOf(bench)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('with pair_by are of tasks with the same values of those labels', () => {
    const bench = new TrialBench({ pairBy: ['kind', 'model'] });
    bench.assign('a', { kind: 'x', model: 'm', other: '1' });
    bench.assign('b', { kind: 'y', model: 'm' });
    bench.assign('c', { kind: 'x' });
    bench.assign('d', { model: 'm', kind: 'x', other: '2' });
    bench.assign('e', { kind: 'x' });
    bench.assign('f', { kind: 'y', model: 'm' });
    expect(pairsOf(bench)).toEqual([
      ['a', 'd'],
      ['b', 'f'],
      ['c', 'e'],
    ]);
  });

  test('a label that is not there is not one that is empty, or is inherited', () => {
    const bench = new TrialBench({ pairBy: ['toString'] });
    bench.assign('a', {});
    bench.assign('b', { toString: '' });
    bench.assign('c', { toString: 'null' });
    bench.assign('d', {});
    expect(pairsOf(bench)).toEqual([['a', 'd'], ['b'], ['c']]);
  });

  test('one left single waits for its like while pair_wait_tasks others are assigned', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 20 });
    bench.assign('lonely', { kind: 'rare' });
    for (let i = 0; i < 20; i += 1) bench.assign(`t${i}`, { kind: 'often' });
    expect(pairsOf(bench)[0]).toEqual(['lonely']);
    bench.assign('next', { kind: 'often' });
    expect(pairsOf(bench)[0]).toEqual(['lonely', 'next']);
  });

  test('of those that have waited too long, the oldest goes first', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 3 });
    assignStrangers(bench, 0, 4);
    bench.assign('x', { kind: 'k3' });
    bench.assign('y', { kind: 'k9' });
    expect(pairsOf(bench)).toEqual([['s0', 'x'], ['s1', 'y'], ['s2'], ['s3']]);
  });

  test('are made by age and never by outcome: one that has ended waits like any other', () => {
    const arms = [true, false].map((ends) => {
      const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 2 });
      const given = ['a', 'b', 'c', 'd', 'e'].map((id, i) => {
        const arm = bench.assign(id, { kind: i === 0 ? 'rare' : `${i}` });
        if (ends) bench.finish(id, { status: i % 2 === 0 ? 'failure' : 'success' });
        return [arm, bench.trial.pairsBegun];
      });
      return given;
    });
    expect(arms[0]).toEqual(arms[1]);
  });

  test('without waiting are made at once', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 0 });
    assignStrangers(bench, 0, 4);
    expect(pairsOf(bench)).toEqual([
      ['s0', 's1'],
      ['s2', 's3'],
    ]);
  });
});

describe('200 tasks at most', () => {
  test('are those that count: tasks that tell nothing, or not yet, hold up nobody', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 300; i += 1) expect(bench.assign(`t${i}`)).toBeDefined();
    for (let i = 0; i < 200; i += 1) {
      expect(bench.trial.tasksUsed).toBeLessThan(200);
      bench.finish(`t${i}`);
    }
    expect(bench.trial.tasksUsed).toBe(200);
    expect(bench.assign('one more')).toBeUndefined();
  });

  test('counted, the trial ends', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 99; i += 1) bench.pair(() => ({}));
    expect(bench.next).toBeUndefined();
    bench.pair(() => ({}));
    expect(bench.next).toMatchObject({ move: 'end', finding: { verdict: 'inconclusive' } });
    expect(bench.assign('one more')).toBeUndefined();
  });

  test('a trial of which every pair is left out ends assigning after 2000', () => {
    const bench = new TrialBench();
    let given = 0;
    for (let i = 0; i < 3000; i += 1) {
      if (bench.assign(`t${i}`) === undefined) continue;
      given += 1;
      bench.finish(`t${i}`, { status: 'cancelled' });
    }
    expect(given).toBe(2000);
  });
});

test('the arm of a task is known for as long as the trial goes on', () => {
  const bench = new TrialBench();
  const arm = bench.assign('a');
  bench.assign('b');
  bench.finish('a');
  bench.finish('b');
  bench.pause();
  bench.resume();
  expect(armOf(bench.trial, 'a')).toBe(arm);
  expect(armOf(bench.trial, 'c')).toBeUndefined();
});
