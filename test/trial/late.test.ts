import { describe, expect, test } from 'vitest';
import type { FinishedTask } from '../../src/trial/advance.ts';
import type { Arm } from '../../src/trial/arm.ts';
import type { TaskSet } from '../../src/trial/task-set.ts';
import { TrialBench } from '../support/trials/trial-bench.ts';

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 60_000;

/** A trial in which so many tasks of the new arm are given up, among pairs that do not differ. */
function losing(lost: number, of: number): { bench: TrialBench; gone: string[] } {
  const bench = new TrialBench({ outcomeTimeoutMs: TIMEOUT_MS });
  const gone: string[] = [];
  for (const [id, arm] of bench.open(of)) {
    if (arm === 'new' && gone.length < lost) gone.push(id);
    else bench.finish(id);
  }
  bench.nowMs = TIMEOUT_MS;
  bench.expire();
  return { bench, gone };
}

describe('reports that come after their tasks were given up', () => {
  test.each([
    [2, 40, undefined],
    [3, 40, 'invalid'],
    // Of 150 three are 2 %, and of 148 more.
    [3, 150, undefined],
    [3, 148, 'invalid'],
    [4, 150, 'invalid'],
  ])('are too many, %i of %i: %s', (late, of, verdict) => {
    const { bench, gone } = losing(late, of);
    for (const id of gone) expect(bench.finish(id)).toBe(true);
    const { next } = bench;
    expect(next?.move === 'end' ? next.finding.verdict : undefined).toBe(verdict);
    if (next?.move === 'end') {
      expect(next.finding.reason).toMatch(`${late} reports came after the outcome timeout`);
    }
  });

  test('say how long they took, and change no evidence by themselves', () => {
    const { bench, gone } = losing(1, 10);
    const { evidence } = bench.trial;
    bench.nowMs = 5 * TIMEOUT_MS;
    bench.finish(gone[0] ?? '');
    expect(bench.trial.longestMs).toBe(5 * TIMEOUT_MS);
    expect(bench.trial.evidence).toBe(evidence);
    // Each is heard once.
    expect(bench.finish(gone[0] ?? '')).toBe(false);
  });

  test('are not missed for it any less', () => {
    const { bench, gone } = losing(2, 40);
    for (const id of gone) bench.finish(id);
    expect(bench.trial.missing).toEqual({ old: 0, new: 2 });
  });
});

const slower = (arm: Arm): Partial<FinishedTask> => ({ latencyMs: arm === 'new' ? 300 : 100 });
const faster = (arm: Arm): Partial<FinishedTask> => ({ latencyMs: arm === 'new' ? 30 : 100 });

/** The new tasks of the first pairs are given up; those that follow are slower until that is harm. */
function harmed(lost = 1): { bench: TrialBench; gone: string[] } {
  const bench = new TrialBench({ outcomeTimeoutMs: TIMEOUT_MS });
  const gone: string[] = [];
  for (const [id, arm] of bench.open(2 * lost)) {
    if (arm === 'new') gone.push(id);
    else bench.finish(id);
  }
  bench.nowMs = TIMEOUT_MS;
  bench.expire();
  while (bench.next === undefined) bench.pair(slower);
  return { bench, gone };
}

describe('harm', () => {
  test('is recorded at once where nothing was given up', () => {
    const bench = new TrialBench();
    while (bench.next === undefined) bench.pair(slower);
    expect(bench.settle()).toEqual(['harmed']);
  });

  test('that counts lost tasks suspends, and waits an hour for their reports', () => {
    const { bench } = harmed();
    const since = bench.nowMs;
    expect(bench.settle()).toEqual(['suspend']);
    expect(bench.assign('another')).toBeUndefined();
    bench.nowMs = since + HOUR_MS - 1;
    expect(bench.next).toBeUndefined();
    bench.nowMs = since + HOUR_MS;
    expect(bench.settle()).toEqual(['harmed']);
  });

  test('waits three timeouts where those are longer', () => {
    const { bench } = harmed();
    bench.trial = { ...bench.trial, plan: { ...bench.trial.plan, outcomeTimeoutMs: HOUR_MS } };
    const since = bench.nowMs;
    bench.settle();
    bench.nowMs = since + 3 * HOUR_MS - 1;
    expect(bench.next).toBeUndefined();
    bench.nowMs = since + 3 * HOUR_MS;
    expect(bench.settle()).toEqual(['harmed']);
  });

  test('that is none with the late reports makes the trial INVALID', () => {
    const { bench, gone } = harmed(2);
    expect(bench.settle()).toEqual(['suspend']);
    for (const id of gone) bench.finish(id, { latencyMs: 1 });
    expect(bench.next).toBeUndefined();
    bench.nowMs += HOUR_MS;
    expect(bench.settle()).toEqual(['invalid']);
    expect(bench.finding?.reason).toBe('without 2 late reports there was harm, and with them none');
  });

  test('that stands with the late reports is recorded', () => {
    const { bench, gone } = harmed(2);
    bench.settle();
    for (const id of gone) bench.finish(id, { status: 'failure' });
    bench.nowMs += HOUR_MS;
    expect(bench.settle()).toEqual(['harmed']);
  });

  test('does not wait for a lost task that was never counted', () => {
    const bench = new TrialBench({ pairBy: ['kind'], pairWaitTasks: 1000, outcomeTimeoutMs: 1000 });
    bench.assign('lonely', { kind: 'rare' });
    bench.nowMs = 1000;
    expect(bench.expire()).toBe(1);
    while (bench.next === undefined) bench.pair(slower);
    expect(bench.settle()).toEqual(['harmed']);
  });

  test('that shows in order and not by arrival suspends too', () => {
    const bench = new TrialBench({ outcomeTimeoutMs: TIMEOUT_MS });
    const pairs = Array.from({ length: 40 }, () => bench.open(2));
    const finish = (from: number, to: number, end: typeof slower) => {
      for (const [id, arm] of pairs.slice(from, to).flat()) bench.finish(id, end(arm));
    };
    // What follows has helped, and is known before; the first is given up, and one pair is out.
    finish(13, 40, faster);
    finish(1, 12, slower);
    expect(bench.next).toBeUndefined();
    bench.trial = { ...bench.trial, sets: bench.trial.sets.map((set) => recent(set, 12)) };
    bench.nowMs = TIMEOUT_MS;
    expect(bench.expire()).toBe(2);
    expect(bench.settle()).toEqual(['suspend']);
    finish(12, 13, faster);
    expect(bench.settle()[0]).toBe('continue');
  });
});

/** The set of that place, as if it had just been dispatched. */
function recent(set: TaskSet, place: number): TaskSet {
  if (set.number !== place + 1) return set;
  return { ...set, tasks: set.tasks.map((task) => ({ ...task, assignTimeMs: TIMEOUT_MS })) };
}
