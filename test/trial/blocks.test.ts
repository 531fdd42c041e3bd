import { describe, expect, test } from 'vitest';
import type { FinishedTask } from '../../src/trial/advance.ts';
import { otherArm, tossCoin } from '../../src/trial/arm.ts';
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

describe('a block', () => {
  test('is the first tasks recorded for its change; the next one has the other value', () => {
    const bench = inBlocks();
    const first = tossCoin('s', 1);
    expect(bench.trial.block).toMatchObject({ arm: first, sequence: 1 });
    finish(bench, 2);
    expect(bench.next).toBeUndefined();
    finish(bench, 1);
    expect(bench.next).toEqual({ move: 'switch', pair: 1, arm: otherArm(first) });
    expect(bench.trial.tasksUsed).toBe(0);
    bench.block();
    finish(bench, 3);
    expect(bench.trial).toMatchObject({ tasksUsed: 6, expected: { old: 3, new: 3 } });
    expect(bench.next).toEqual({ move: 'switch', pair: 2, arm: tossCoin('s', 2) });
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
    expect(bench.trial.assignments).toEqual([]);
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
    expect(bench.next).toMatchObject({ move: 'switch', pair: 2 });
  });

  test('in which a task is cancelled goes, and its pair with it', () => {
    const bench = inBlocks();
    finish(bench, 3);
    bench.block();
    finish(bench, 2);
    finish(bench, 1, { status: 'cancelled' });
    expect(bench.trial).toMatchObject({ tasksUsed: 0, expected: { old: 0, new: 0 } });
    expect(bench.next).toMatchObject({ move: 'switch', pair: 2 });
  });

  test('that is paused goes, and its pair with it', () => {
    const bench = inBlocks();
    finish(bench, 3);
    bench.block();
    finish(bench, 2);
    bench.pause();
    expect(bench.next).toBeUndefined();
    expect(bench.finish('', { deltaSequence: 99 })).toBe(false);
    bench.resume();
    expect(bench.next).toMatchObject({ move: 'switch', pair: 2 });
    expect(bench.trial).toMatchObject({ tasksUsed: 0, firstBlock: undefined });
  });
});

test('blocks that nobody reports from end the trial as INVALID', () => {
  const bench = inBlocks();
  for (let i = 1; bench.next?.move !== 'end' && i < 100; i += 1) {
    bench.nowMs += 1000;
    bench.expire();
    if (bench.next?.move === 'switch') bench.block();
  }
  expect(bench.next).toMatchObject({ move: 'end', finding: { verdict: 'invalid' } });
  expect(bench.trial.pairsBegun).toBe(7);
});
