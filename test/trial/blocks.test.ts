import { describe, expect, test } from 'vitest';
import type { FinishedTask } from '../../src/trial/advance.ts';
import { otherArm, tossCoin } from '../../src/trial/arm.ts';
import { nextBlock } from '../../src/trial/assign.ts';
import { eUntold } from '../../src/trial/validity.ts';
import { mixedOf } from '../support/by-hand.ts';
import { TrialBench } from '../support/trial-bench.ts';

/** A trial by blocks of three, the first of which has begun, as change 1. */
function inBlocks(): TrialBench {
  const bench = new TrialBench({ assignment: 'switchback', blockTasks: 3, outcomeTimeoutMs: 1000 });
  bench.block();
  return bench;
}

/** Ends tasks that ran in the running block. */
function finish(bench: TrialBench, count: number, fields: Partial<FinishedTask> = {}): void {
  for (let i = 0; i < count; i += 1) {
    bench.finish('', { deltaSequence: bench.sequence, ...fields });
  }
}

/** Every client has acknowledged the running block's switch. */
function acknowledge(bench: TrialBench): void {
  bench.take({ step: 'acknowledged', timeMs: bench.nowMs });
}

function next({ trial, seed }: TrialBench) {
  return nextBlock(trial, seed);
}

describe('a block', () => {
  test('is the first tasks recorded for its change; the next one has the other value', () => {
    const bench = inBlocks();
    const first = tossCoin(bench.seed, 1);
    expect(bench.trial.block).toMatchObject({ arm: first, sequence: 1 });
    finish(bench, 2);
    expect(bench.next).toBeUndefined();
    finish(bench, 1);
    expect(bench.next).toEqual({ move: 'switch' });
    expect(next(bench)).toEqual({ set: 1, arm: otherArm(first) });
    expect(bench.trial.tasksUsed).toBe(0);
    bench.block();
    finish(bench, 3);
    expect(bench.trial).toMatchObject({ tasksUsed: 6, expected: { old: 3, new: 3 }, assigned: 6 });
    expect(next(bench)).toEqual({ set: 2, arm: tossCoin(bench.seed, 2) });
  });

  test('bets by its capped score, and there is no other order than that of arrival', () => {
    const bench = inBlocks();
    for (let i = 0; i < 2; i += 1) {
      finish(bench, 3, { latencyMs: bench.trial.block?.arm === 'new' ? 200 : 100 });
      if (i === 0) bench.block();
    }
    const [outcome] = bench.trial.evidence;
    expect(outcome?.strata).toEqual([]);
    expect(outcome?.differences[0]).toBeCloseTo(Math.LN2, 12);
    const [harm = 0] = bench.trial.evidence.map(({ mixed }) => mixed.harm);
    expect(Array.isArray(harm) && harm.reduce((a, b) => a + b, 0) / 10).toBeCloseTo(
      mixedOf([1]),
      12,
    );
    expect(bench.trial.arrival).toBe(bench.trial.evidence);
  });

  test.each([
    ['of an earlier change', { deltaSequence: 1 }, false],
    ['of the switch', { deltaSequence: 2 }, true],
    ['of a later change of something else', { deltaSequence: 3 }, true],
    ['of a change that is not known', { deltaSequence: 0 }, false],
  ])('a task %s', (_, fields, isTaken) => {
    const bench = inBlocks();
    finish(bench, 3);
    bench.block();
    expect(bench.finish('t', fields)).toBe(isTaken);
  });

  test('takes a task that names no change if it began after every client had acknowledged', () => {
    const bench = inBlocks();
    bench.nowMs = 500;
    const task = { deltaSequence: 0, latencyMs: 100 };
    expect(bench.finish('a', { ...task, finishTimeMs: 600 })).toBe(false);
    acknowledge(bench);
    expect(bench.finish('b', { ...task, finishTimeMs: 599 })).toBe(false);
    expect(bench.finish('c', { ...task, finishTimeMs: 600 })).toBe(true);
    finish(bench, 2);
    bench.block();
    // The next switch has to be acknowledged anew.
    expect(bench.finish('d', { ...task, finishTimeMs: 900 })).toBe(false);
  });

  test('gives no task an arm of its own', () => {
    const bench = inBlocks();
    expect(bench.next).toBeUndefined();
    expect(bench.assign('a')).toBeUndefined();
  });

  test('of which outcomes do not come in time is over, with those that are missing', () => {
    const bench = inBlocks();
    finish(bench, 1);
    bench.nowMs = 999;
    expect(bench.expire()).toBe(0);
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(2);
    const second = bench.block();
    finish(bench, 3);
    const expected = { old: 3, new: 3 };
    const missing = { old: 0, new: 0, [otherArm(second)]: 2 };
    expect(bench.trial).toMatchObject({ tasksUsed: 4, expected, missing });
  });

  test('of which none comes leaves nothing to compare', () => {
    const bench = inBlocks();
    bench.nowMs = 1000;
    bench.expire();
    bench.block();
    finish(bench, 3);
    expect(bench.trial).toMatchObject({ tasksUsed: 0, expected: { old: 3, new: 3 } });
    expect(bench.trial.missing.old + bench.trial.missing.new).toBe(3);
    expect(next(bench)).toMatchObject({ set: 2 });
  });

  test('leaves out a task that was cancelled, and bets on its share', () => {
    const bench = inBlocks();
    finish(bench, 3);
    const second = bench.block();
    finish(bench, 2);
    finish(bench, 1, { status: 'cancelled' });
    const cancelled = { old: 0, new: 0, [second]: 1 };
    expect(bench.trial).toMatchObject({ tasksUsed: 5, expected: { old: 3, new: 3 }, cancelled });
    const untold = [0.1, 0.25, 0.5, 0.8, 0.97].map((wager) => [1 + wager / 3, 1 - wager / 3]);
    expect(eUntold(bench.trial)).toBeCloseTo(untold.flat().reduce((a, b) => a + b, 0) / 10, 12);
  });

  test('that is paused goes, and its pair with it', () => {
    const bench = inBlocks();
    finish(bench, 2);
    finish(bench, 1, { status: 'cancelled' });
    bench.block();
    finish(bench, 2);
    bench.pause();
    expect(bench.next).toBeUndefined();
    expect(bench.finish('', { deltaSequence: 99 })).toBe(false);
    bench.resume();
    expect(next(bench)).toMatchObject({ set: 2 });
    const none = { old: 0, new: 0 };
    expect(bench.trial).toMatchObject({ tasksUsed: 0, firstBlock: undefined, cancelled: none });
  });
});

test('blocks that nobody reports from end the trial as INVALID', () => {
  const bench = inBlocks();
  for (let i = 1; bench.next?.move !== 'end' && i < 100; i += 1) {
    bench.nowMs += 1000;
    bench.expire();
    if (bench.next?.move === 'switch') bench.block();
  }
  expect(bench.settle()).toEqual(['invalid']);
  // The first 42 of 42.
  expect(bench.trial.tossed).toBe(7);
});

test('pairs of blocks go on while on probation', () => {
  const bench = inBlocks();
  finish(bench, 3);
  bench.block();
  finish(bench, 3);
  bench.promote();
  expect(bench.next).toEqual({ move: 'switch' });
  bench.block();
  finish(bench, 3);
  bench.block();
  finish(bench, 3);
  expect(bench.trial).toMatchObject({ tasksUsed: 12, assigned: 6 });
});
