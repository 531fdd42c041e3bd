import { describe, expect, test } from 'vitest';
import type { Arm } from '../../src/trial/arm.ts';
import { armOf, takesTask } from '../../src/trial/assign.ts';
import type { Seen } from '../../src/trial/predict.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';

/** Chance lets every task take part. */
const ANYONE = { mayEnter: () => true, mayBegin: () => true };

/** The pairs, in the order of their numbers, each with the ids of its tasks. */
function pairsOf({ trial }: TrialBench): string[][] {
  return trial.sets.map(({ tasks }) => tasks.map(({ taskId }) => taskId));
}

function waitingIn({ trial }: TrialBench): string[] {
  return trial.waiting.map(({ task }) => task.taskId);
}

describe('pairs', () => {
  test('are of tasks one after the other where nothing is known of them', () => {
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
      ['c', 'e'],
      ['b', 'f'],
    ]);
  });

  test('have coins by the first one, and places by the second', () => {
    const bench = new TrialBench({ pairBy: ['kind'] });
    for (const [id, kind] of Object.entries({ a: 'x', b: 'y', c: 'y', d: 'x' })) {
      bench.assign(id, { kind });
    }
    expect(bench.trial.sets.map(({ number }) => number)).toEqual([2, 1]);
    expect(bench.trial.tossed).toBe(2);
  });

  test('are made by age and never by outcome: one that has ended waits like any other', () => {
    const played = [true, false].map((ends) => {
      const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 2 });
      return ['a', 'b', 'c', 'd', 'e'].map((id, i) => {
        const arm = bench.assign(id, { kind: i === 0 ? 'rare' : `${i}` });
        if (ends) bench.finish(id, { status: i % 2 === 0 ? 'failure' : 'success' });
        return [arm, bench.trial.tossed];
      });
    });
    expect(played[0]).toEqual(played[1]);
  });
});

describe('one that waits', () => {
  test('is taken, unlike as it is, once twenty others were assigned', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 20 });
    bench.assign('lonely', { kind: 'rare' });
    for (let i = 0; i < 20; i += 1) bench.assign(`t${i}`, { kind: 'often' });
    expect(waitingIn(bench)).toEqual(['lonely']);
    bench.assign('next', { kind: 'often' });
    expect(pairsOf(bench).at(-1)).toEqual(['lonely', 'next']);
  });

  test('goes before younger ones, be they of the same kind', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 3 });
    for (let i = 0; i < 4; i += 1) bench.assign(`s${i}`, { kind: `k${i}` });
    bench.assign('x', { kind: 'k3' });
    bench.assign('y', { kind: 'k9' });
    expect(pairsOf(bench)).toEqual([
      ['s0', 'x'],
      ['s1', 'y'],
    ]);
  });

  test('does not where pair_wait_tasks is 0', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 0 });
    for (let i = 0; i < 4; i += 1) bench.assign(`s${i}`, { kind: `k${i}` });
    expect(pairsOf(bench)).toHaveLength(2);
  });

  test('is never left single: the last ones are paired with the oldest', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 1000 });
    for (let i = 0; i < 200; i += 1) {
      bench.assign(`t${i}`, { kind: i < 195 ? 'often' : `${i}` });
    }
    expect(bench.assign('one more')).toBeUndefined();
    expect(bench.trial).toMatchObject({ assigned: 200, waiting: [] });
    expect(pairsOf(bench).slice(-3)).toEqual([
      ['t194', 't197'],
      ['t195', 't198'],
      ['t196', 't199'],
    ]);
  });
});

/** A trial that has seen so many tasks of each kind, which is named by how long they took. */
function predicting(count: number, ...kinds: number[]): TrialBench {
  const history = kinds.flatMap((ms) =>
    Array.from({ length: count }, (): Seen => [JSON.stringify([`${ms}`]), ms]),
  );
  return new TrialBench({ predictBy: ['ms'], history });
}

describe('tasks that are predicted', () => {
  const assign = (bench: TrialBench, id: string, ms: number) => bench.assign(id, { ms: `${ms}` });

  test('are paired with the nearest, if that is within a quarter of a log unit', () => {
    const bench = predicting(40, 100, 120, 150, 200, 400);
    assign(bench, 'a', 100);
    assign(bench, 'b', 200);
    // Predictions lean to the median by 2/32: ln(200/150) · 30/32 is .270.
    assign(bench, 'c', 150);
    expect(waitingIn(bench)).toEqual(['a', 'b', 'c']);
    // .171 from the first, .209 from the third.
    assign(bench, 'd', 120);
    assign(bench, 'e', 120);
    expect(pairsOf(bench)).toEqual([
      ['a', 'd'],
      ['c', 'e'],
    ]);
  });

  test('are predicted from what was seen before they were dispatched', () => {
    const step = predicting(40, 100, 120, 150, 200, 400).dispatch('a', { ms: '400' });
    expect(step?.kind).toBe('["400"]');
    expect(step?.predicted).toBeCloseTo((30 * Math.log(400) + 2 * Math.log(150)) / 32, 12);
  });

  test('take whatever is nearest where six wait', () => {
    const kinds = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    const bench = predicting(28, ...kinds);
    for (const ms of kinds.slice(0, 6)) assign(bench, `${ms}`, ms);
    expect(waitingIn(bench)).toHaveLength(6);
    assign(bench, 'x', 1e9);
    expect(pairsOf(bench)).toEqual([[`${1e8}`, 'x']]);
  });

  test('are paired by the labels of pair_by where those are named', () => {
    const bench = new TrialBench({ pairBy: ['kind'], predictBy: ['ms'], history: [] });
    expect(bench.dispatch('a', { kind: 'x', ms: '1' })).toMatchObject({
      kind: '["x"]',
      predicted: 0,
    });
  });

  test('learn from the tasks of counted pairs, and of those only', () => {
    const bench = new TrialBench({ predictBy: ['kind'], history: [], pairWaitTasks: 0 });
    for (const id of ['a', 'b', 'c', 'd']) bench.assign(id, { kind: 'x' });
    bench.finish('c', { latencyMs: 7 });
    bench.finish('d', { latencyMs: 8 });
    // The pair before it is not in.
    expect(bench.trial.seen).toEqual([]);
    bench.finish('a', { latencyMs: 5 });
    bench.finish('b', { latencyMs: undefined });
    expect(bench.trial.seen).toEqual([
      ['["x"]', 5],
      ['["x"]', 7],
      ['["x"]', 8],
    ]);
  });
});

describe('a task has an arm', () => {
  test('that is known for as long as the trial goes on', () => {
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

  test('of the two hundred that a trial assigns, and no other', () => {
    const bench = new TrialBench();
    for (let i = 0; i < 200; i += 1) expect(bench.assign(`t${i}`)).toBeDefined();
    expect(bench.assign('one more')).toBeUndefined();
    expect(takesTask(bench.trial, ANYONE)).toBe(false);
  });

  test('not while the evidence suffices, and again once it does not', () => {
    const bench = new TrialBench();
    const tasks = bench.open(50);
    const end = (from: number, to: number, fast: Arm) => {
      for (const [id, arm] of tasks.slice(from, to)) {
        bench.finish(id, { latencyMs: arm === fast ? 50 : 100 });
      }
    };
    end(0, 30, 'new');
    expect(takesTask(bench.trial, ANYONE)).toBe(false);
    end(30, 50, 'old');
    expect(takesTask(bench.trial, ANYONE)).toBe(true);
  });

  test('not in blocks', () => {
    expect(new TrialBench({ assignment: 'switchback' }).assign('a')).toBeUndefined();
  });
});

test('a task keeps its arm while it runs, and once it is given up, whatever is assigned meanwhile', () => {
  const bench = new TrialBench({ probationTasks: 5000 });
  bench.promote();
  const opened = bench.open(5);
  const arms = () => opened.map(([taskId]) => armOf(bench.trial, taskId));
  for (let i = 0; i < 250; i += 1) bench.group();
  expect(arms()).toEqual(opened.map(([, arm]) => arm));
  bench.nowMs += 60_000;
  expect(bench.expire()).toBe(5);
  expect(arms()).toEqual(opened.map(([, arm]) => arm));
});
