import { describe, expect, test } from 'vitest';
import type { FinishedTask } from '../../src/trial/advance.ts';
import { otherArm, tossCoin } from '../../src/trial/arm.ts';
import { nextBlock } from '../../src/trial/assign.ts';
import type { TrialPlan } from '../../src/trial/plan.ts';
import { restingArm } from '../../src/trial/standing.ts';
import { isSettling, runningBlock, type Trial } from '../../src/trial/trial.ts';
import { eUntold } from '../../src/trial/validity.ts';
import { mixedOf } from '../support/trials/by-hand.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';

/** A trial by blocks of three, the first of which has begun, as change 1. */
function inBlocks(plan: Partial<TrialPlan> = {}): TrialBench {
  const bench = new TrialBench({
    ...{ assignment: 'switchback', blockTasks: 3, outcomeTimeoutMs: 1000 },
    ...plan,
  });
  bench.block();
  return bench;
}

/** Ends tasks that ran in the running block. */
function finish(bench: TrialBench, count: number, fields: Partial<FinishedTask> = {}): void {
  for (let i = 0; i < count; i += 1) {
    bench.finish('', { deltaSequence: bench.sequence, ...fields });
  }
}

/** A task of no block is reported. */
function stray(bench: TrialBench): void {
  expect(bench.finish('', { deltaSequence: 0, finishTimeMs: 0 })).toBe(false);
}

/** Every client has acknowledged the running block's switch. */
function acknowledge(bench: TrialBench): void {
  bench.take({ step: 'acknowledged', timeMs: bench.nowMs });
}

/** All blocks that have ended have had their time: the pairs among them are counted. */
function settle(bench: TrialBench): void {
  bench.nowMs += 1000;
  for (let { next } = bench; next?.move === 'settle'; { next } = bench) bench.take(next.step);
}

function next({ trial, seed }: TrialBench) {
  return nextBlock(trial, seed);
}

describe('a block', () => {
  test('ends with so many reports; the next one has the other value', () => {
    const bench = inBlocks();
    const first = tossCoin(bench.seed, 1);
    expect(runningBlock(bench.trial)).toMatchObject({ arm: first, sequence: 1 });
    finish(bench, 2);
    expect(bench.next).toBeUndefined();
    finish(bench, 1);
    expect(bench.next).toEqual({ move: 'switch' });
    expect(next(bench)).toEqual({ set: 1, arm: otherArm(first) });
    expect(bench.trial.tasksUsed).toBe(0);
    bench.block();
    finish(bench, 3);
    expect(bench.trial).toMatchObject({ tasksUsed: 0, assigned: 6 });
    settle(bench);
    expect(bench.trial).toMatchObject({ tasksUsed: 6, expected: { old: 3, new: 3 }, assigned: 6 });
    expect(next(bench)).toEqual({ set: 2, arm: tossCoin(bench.seed, 2) });
  });

  test('bets by its capped score', () => {
    const bench = inBlocks();
    for (let i = 0; i < 2; i += 1) {
      finish(bench, 3, { latencyMs: runningBlock(bench.trial)?.arm === 'new' ? 200 : 100 });
      if (i === 0) bench.block();
    }
    settle(bench);
    const [outcome] = bench.trial.evidence;
    expect(outcome?.strata).toEqual([]);
    expect(outcome?.differences[0]).toBeCloseTo(Math.LN2, 12);
    const [harm = 0] = bench.trial.evidence.map(({ mixed }) => mixed.harm);
    expect(Array.isArray(harm) && harm.reduce((a, b) => a + b, 0) / 10).toBeCloseTo(
      mixedOf([1]),
      12,
    );
    expect(bench.trial.arrival).toEqual(bench.trial.evidence);
  });

  test.each([
    ['of a change before the trial', { deltaSequence: 1 }, false],
    ['of the switch', { deltaSequence: 2 }, true],
    ['of a later change of something else', { deltaSequence: 3 }, true],
    ['of a change that is not known', { deltaSequence: 0 }, false],
  ])('a task %s', (_, fields, isTaken) => {
    const bench = new TrialBench({ assignment: 'switchback', blockTasks: 3 });
    bench.sequence = 1;
    bench.block();
    expect(bench.finish('t', fields)).toBe(isTaken);
  });

  test('has all tasks that were dispatched in it, whenever they are reported until it is counted', () => {
    const bench = inBlocks();
    finish(bench, 3);
    bench.block();
    finish(bench, 3);
    bench.block();
    const [first, second, third] = bench.trial.blocks;
    expect(bench.finish('slow', { deltaSequence: 1, latencyMs: 900, status: 'failure' })).toBe(
      true,
    );
    const slow = { status: 'failure', latencyMs: 900, measurements: {} };
    expect(bench.trial.blocks).toMatchObject([
      { ...first, outcomes: [...(first?.outcomes ?? []), slow] },
      { ...second },
      { ...third },
    ]);
    settle(bench);
    const { arm } = first ?? {};
    expect(bench.trial.expected).toEqual({ old: 3, new: 3, [arm ?? 'old']: 4 });
    expect(bench.trial).toMatchObject({ tasksUsed: 7, blocks: [{ set: 2 }] });
    // What slow tasks say is in the evidence, and not in what only suspends.
    const lost = (of: Trial['evidence']) => of[1]?.successLost;
    expect(lost(bench.trial.evidence)).toBeCloseTo(arm === 'new' ? 0.25 : -0.25, 12);
    expect(lost(bench.trial.arrival)).toBe(0);
  });

  test('without sequences, too: by when they began', () => {
    const bench = inBlocks();
    acknowledge(bench);
    bench.nowMs = 100;
    const task = { deltaSequence: 0, finishTimeMs: 100, latencyMs: 50 };
    for (const taskId of ['a', 'b', 'c']) expect(bench.finish(taskId, task)).toBe(true);
    bench.block();
    bench.nowMs = 700;
    expect(bench.finish('slow', { ...task, finishTimeMs: 700, latencyMs: 601 })).toBe(true);
    // Dispatched after the switch, of which nothing is acknowledged yet.
    expect(bench.finish('between', { ...task, finishTimeMs: 700, latencyMs: 600 })).toBe(false);
    expect(bench.trial.blocks.map(({ outcomes }) => outcomes.length)).toEqual([4, 0]);
  });

  test('counts again with each report that comes after it was counted, and pairs wait longer', () => {
    const bench = inBlocks();
    finish(bench, 3);
    const second = bench.block();
    finish(bench, 3);
    bench.block();
    settle(bench);
    const [before] = bench.trial.evidence;
    bench.nowMs = 5000;
    for (const status of ['timeout', 'cancelled', 'timeout'] as const) {
      expect(bench.finish('late', { deltaSequence: 2, latencyMs: 5000, status })).toBe(true);
      expect(bench.next).toBeUndefined();
    }
    expect(bench.trial).toMatchObject({
      ...{ tasksUsed: 8, lost: [], longestMs: 5000, countedPairs: [{}] },
      expected: { old: 3, new: 3, [second]: 6 },
      cancelled: { old: 0, new: 0, [second]: 1 },
    });
    expect(bench.trial.evidence[0]).not.toEqual(before);
    // As if they had been there when it was counted.
    const prompt = inBlocks();
    finish(prompt, 3);
    prompt.block();
    finish(prompt, 3);
    for (const status of ['timeout', 'cancelled', 'timeout'] as const) {
      finish(prompt, 1, { latencyMs: 5000, status });
    }
    settle(prompt);
    expect(bench.trial.evidence).toEqual(prompt.trial.evidence);
    expect(bench.trial.untold).toEqual(prompt.trial.untold);
    finish(bench, 3);
    bench.block();
    finish(bench, 3);
    bench.nowMs += 7499;
    expect(bench.next).toEqual({ move: 'switch' });
    bench.nowMs += 1;
    expect(bench.next?.move).toBe('settle');
  });

  test('may let a suspended trial continue when it is counted again, so no other trial may begin', () => {
    const bench = inBlocks();
    finish(bench, 3);
    bench.block();
    finish(bench, 3);
    settle(bench);
    expect(bench.trial.blocks).toEqual([]);
    const { trial } = bench;
    expect(isSettling({ ...trial, suspendedMs: 0 })).toBe(false);
    const plan: TrialPlan = { ...trial.plan, assignment: 'task' };
    expect(isSettling({ ...trial, plan, suspendedMs: 0 })).toBe(true);
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

  test.each([
    [0, 0],
    [1, 1],
    [5, 2],
  ])('that waits in vain is over, and lacks what %i tasks of no block were', (strays, lacks) => {
    const bench = inBlocks();
    finish(bench, 1);
    for (let i = 0; i < strays; i += 1) stray(bench);
    bench.nowMs = 999;
    expect(bench.next).toBeUndefined();
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(lacks);
    const second = bench.block();
    finish(bench, 3);
    settle(bench);
    const first = otherArm(second);
    const expected = { [first]: 1 + lacks, [second]: 3 };
    const missing = { [first]: lacks, [second]: 0 };
    expect(bench.trial).toMatchObject({ tasksUsed: 4, expected, missing });
  });

  test('of which none comes leaves nothing to compare', () => {
    const bench = inBlocks();
    bench.nowMs = 1000;
    bench.expire();
    bench.block();
    finish(bench, 3);
    settle(bench);
    expect(bench.trial).toMatchObject({ tasksUsed: 0, assigned: 6, missing: { old: 0, new: 0 } });
    expect(next(bench)).toMatchObject({ set: 2 });
  });

  test('leaves out a task that was cancelled, and bets on its share', () => {
    const bench = inBlocks();
    finish(bench, 3);
    const second = bench.block();
    finish(bench, 2);
    finish(bench, 1, { status: 'cancelled' });
    settle(bench);
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
    expect(bench.trial).toMatchObject({ tasksUsed: 0, blocks: [], cancelled: none });
  });
});

test('blocks whose tasks cannot be told from others end the trial as INVALID', () => {
  const bench = inBlocks();
  for (let i = 1; bench.next?.move !== 'end' && i < 100; i += 1) {
    for (let task = 0; task < 3; task += 1) stray(bench);
    bench.nowMs += 1000;
    bench.expire();
    while (bench.next?.move === 'settle') bench.take(bench.next.step);
    if (bench.next?.move === 'switch') bench.block();
  }
  expect(bench.settle()).toEqual(['invalid']);
  expect(bench.finding?.reason).toMatch(/^no task is known to have run with either value/);
  // The first 42 of 42.
  expect(bench.trial.missing).toEqual({ old: 21, new: 21 });
});

describe('where nothing is reported at all', () => {
  /** Both blocks of a pair have waited in vain. */
  function quiet(plan = {}): TrialBench {
    const bench = inBlocks(plan);
    bench.nowMs = 1000;
    bench.expire();
    bench.block();
    bench.nowMs = 2000;
    bench.expire();
    expect(bench.settle()).toEqual(['rest']);
    return bench;
  }

  test('no block begins before something is, and nothing is taken for lost', () => {
    const bench = quiet();
    bench.nowMs = 8 * 3_600_000;
    expect(bench.settle()).toEqual(['settle']);
    expect(bench.next).toBeUndefined();
    const none = { old: 0, new: 0 };
    expect(bench.trial).toMatchObject({ assigned: 0, expected: none, missing: none });
    stray(bench);
    expect(bench.next).toEqual({ move: 'switch' });
    bench.block();
    finish(bench, 3);
    expect(bench.next).toEqual({ move: 'switch' });
  });

  test.each([
    ['on trial', {}],
    ['in force', { isApplied: true }],
  ])('the old value is in force meanwhile (%s)', (_, plan) => {
    expect(restingArm(quiet(plan).trial)).toBe('old');
  });

  test('what hung is counted when it is reported after all', () => {
    const bench = quiet();
    bench.nowMs = 600_000;
    expect(bench.settle()).toEqual(['settle']);
    for (const deltaSequence of [1, 2]) bench.finish('', { deltaSequence, status: 'timeout' });
    expect(bench.trial).toMatchObject({ tasksUsed: 2, expected: { old: 1, new: 1 } });
    expect(bench.next).toEqual({ move: 'switch' });
  });

  test('a pair counts towards the limits from its first report on', () => {
    const bench = quiet();
    expect(bench.trial.assigned).toBe(0);
    for (let i = 0; i < 2; i += 1) {
      bench.finish('', { deltaSequence: 1, status: 'timeout' });
      expect(bench.trial.assigned).toBe(6);
    }
    bench.pause();
    expect(bench.trial.assigned).toBe(0);
  });
});

test('when a stage begins, pairs that have ended are counted in it, and another is not', () => {
  const bench = inBlocks();
  finish(bench, 3);
  bench.block();
  finish(bench, 3);
  bench.block();
  finish(bench, 2);
  bench.promote();
  expect(bench.trial).toMatchObject({ assigned: 6, blocks: [{ set: 1 }, { set: 1 }] });
  expect(bench.next).toEqual({ move: 'switch' });
  bench.block();
  finish(bench, 3);
  bench.block();
  finish(bench, 3);
  settle(bench);
  expect(bench.trial).toMatchObject({ tasksUsed: 12, assigned: 12 });
});

test('pairs that a pause leaves out do not count towards the limits', () => {
  const bench = inBlocks();
  for (let i = 0; i < 3; i += 1) {
    finish(bench, 3);
    bench.block();
  }
  expect(bench.trial.assigned).toBe(6);
  bench.pause();
  expect(bench.trial).toMatchObject({ assigned: 0, blocks: [] });
});

describe('what looks like harm before slow tasks are reported', () => {
  /** The new value halves the speed of the quick tasks, until the trial is suspended. */
  function suspended(): TrialBench {
    const bench = inBlocks();
    while (bench.trial.blocks.length === 0 || runningBlock(bench.trial) !== undefined) {
      finish(bench, 3, { latencyMs: runningBlock(bench.trial)?.arm === 'new' ? 200 : 100 });
      if (bench.next?.move === 'switch') bench.block();
    }
    expect(bench.settle()).toEqual(['suspend', 'rest']);
    return bench;
  }

  test('suspends, and is HARMED once they are', () => {
    const bench = suspended();
    expect(bench.trial).toMatchObject({ tasksUsed: 0, isResting: true });
    // Dispatched since: of no block.
    expect(bench.finish('', { deltaSequence: bench.sequence })).toBe(false);
    bench.nowMs += 999;
    expect(bench.next).toBeUndefined();
    bench.nowMs += 1;
    expect(bench.settle().at(-1)).toBe('harmed');
  });

  test('goes on if they say otherwise', () => {
    const bench = suspended();
    for (const { arm, sequence } of bench.trial.blocks) {
      for (let i = 0; arm === 'old' && i < 5; i += 1) {
        bench.finish('', { deltaSequence: sequence, latencyMs: 900 });
      }
    }
    bench.nowMs += 1000;
    expect(bench.settle().find((move) => move !== 'settle')).toBe('continue');
  });
});

test('a trial that may begin no more blocks rests until the last ones are counted', () => {
  const bench = inBlocks();
  while (bench.next?.move !== 'rest') {
    finish(bench, 3);
    if (bench.next?.move === 'switch') bench.block();
  }
  expect(bench.settle()).toEqual(['rest']);
  const { sequence } = bench;
  expect(bench.trial).toMatchObject({ assigned: 204, isResting: true });
  expect(bench.finish('', { deltaSequence: sequence })).toBe(false);
  expect(bench.finish('', { deltaSequence: sequence - 1 })).toBe(true);
  bench.nowMs += 1000;
  expect(bench.settle().at(-1)).toBe('inconclusive');
});
