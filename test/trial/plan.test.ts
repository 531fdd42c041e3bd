import { describe, expect, test } from 'vitest';
import type { Task } from '../../src/domain/task.ts';
import { hasDrifted, medianLatency } from '../../src/trial/drift.ts';
import {
  clipsOf,
  hasHoldback,
  measureHistory,
  measureLarge,
  measureOutcomeTimeout,
  measureScale,
} from '../../src/trial/plan.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { planOf } from '../support/trials/trial-bench.ts';

/** Tasks that took 1 ms, 2 ms and so on. */
function rising(count: number, fieldsOf: (i: number) => Partial<Task> = () => ({})): Task[] {
  return Array.from({ length: count }, (_, i) => taskOf({ latencyMs: i + 1, ...fieldsOf(i) }));
}

const failing = (isFailed: (i: number) => boolean) => (i: number) =>
  isFailed(i) ? ({ status: 'failure' } as const) : {};

describe('the scale', () => {
  test('has the p99 of the successes as the timeout', () => {
    const tasks = rising(
      101,
      failing((i) => i > 50),
    );
    // Of 1 to 51: the rank of 49.5.
    expect(measureScale(tasks).timeoutMs).toBeCloseTo(50.5, 12);
  });

  test('has the p99 of all where none succeeded, and what is configured where it is', () => {
    expect(
      measureScale(
        rising(
          101,
          failing(() => true),
        ),
      ).timeoutMs,
    ).toBeCloseTo(100, 12);
    expect(measureScale(rising(101), 7).timeoutMs).toBe(7);
  });

  test('has one percent of the p95 of all as the floor', () => {
    expect(
      measureScale(
        rising(
          101,
          failing((i) => i > 50),
        ),
      ).floorMs,
    ).toBeCloseTo(0.96, 12);
  });

  test('has a success and a failure added to the share of successes', () => {
    expect(
      measureScale(
        rising(
          98,
          failing((i) => i < 9),
        ),
      ).successRate,
    ).toBeCloseTo(0.9, 12);
    expect(measureScale([]).successRate).toBe(0.5);
  });

  test('knows nothing of cancelled tasks', () => {
    const cancelled = rising(50, () => ({ status: 'cancelled', latencyMs: 1e6 }));
    expect(measureScale([...rising(98), ...cancelled])).toEqual(measureScale(rising(98)));
  });

  test('leaves out latencies that were not told', () => {
    const untimed = rising(50, () => ({ latencyMs: undefined }));
    const { timeoutMs, floorMs } = measureScale([...rising(98), ...untimed]);
    expect({ timeoutMs, floorMs }).toMatchObject({
      timeoutMs: measureScale(rising(98)).timeoutMs,
      floorMs: measureScale(rising(98)).floorMs,
    });
  });
});

describe('outcomes are awaited', () => {
  const HOUR_MS = 3_600_000;
  const longest = (reportMs: number, former?: number) =>
    measureOutcomeTimeout([taskOf({ latencyMs: 1e9, reportMs }), taskOf({ reportMs: 1 })], former);

  test.each([
    ['a minute at least', 1000, 60_000],
    ['three times the longest report', 50_000, 150_000],
    ['an hour at most', HOUR_MS / 2, HOUR_MS],
    ['or half as long again as the longest', HOUR_MS, 1.5 * HOUR_MS],
  ])('%s', (_, reportMs, timeoutMs) => {
    expect(longest(reportMs)).toBe(timeoutMs);
  });

  test('by latency where nothing is known of reports', () => {
    expect(measureOutcomeTimeout([taskOf({ latencyMs: 40_000 })])).toBe(120_000);
    expect(measureOutcomeTimeout([taskOf({ latencyMs: undefined })])).toBe(60_000);
    expect(measureOutcomeTimeout([])).toBe(60_000);
  });

  test('by what an earlier trial has seen', () => {
    expect(longest(1000, 70_000)).toBe(210_000);
  });
});

test('predictions start from the tasks before, by their labels', () => {
  const tasks = [
    taskOf({ labels: { kind: 'a', id: '1' }, latencyMs: 5 }),
    taskOf({ labels: { kind: 'b' }, latencyMs: undefined }),
    taskOf({ labels: {}, latencyMs: 7 }),
  ];
  expect(measureHistory(tasks, ['kind'])).toEqual([
    ['["a"]', 5],
    ['[null]', 7],
  ]);
  expect(measureHistory(tasks, [])).toEqual([]);
});

test('gains are clipped at four times the p99 of latency, where that is known', () => {
  const tasks = rising(101).map((task, i) => ({ ...task, measurements: { cost: -i, none: 0 } }));
  const large = measureLarge(tasks);
  expect(large).toEqual({ latency: 100, cost: 99 });
  expect(clipsOf(large)).toEqual({ latency: 400 });
  expect(measureLarge([])).toEqual({});
  expect(clipsOf({})).toEqual({});
});

test.each([
  ['task', 0.05, true],
  ['task', 0, false],
  ['switchback', 0.05, false],
] as const)('assigned by %s, a share of %d is held back: %s', (assignment, holdback, isHeld) => {
  expect(hasHoldback(planOf({ assignment, holdback }))).toBe(isHeld);
});

describe('tasks have drifted', () => {
  const lasting = (count: number, latencyMs: number) =>
    Array.from({ length: count }, () => taskOf({ latencyMs }));

  test.each([
    [
      'when the newest 30 take 1.35 times as long',
      [...lasting(50, 100), ...lasting(30, 135)],
      true,
    ],
    ['not when they take less', lasting(30, 134.9), false],
    ['not while there are fewer', lasting(29, 500), false],
    ['by their median', [...lasting(14, 1), ...lasting(16, 200)], true],
    ['not by a slow half of them', [...lasting(16, 100), ...lasting(14, 9000)], false],
  ])('%s', (_, tasks, isDrifted) => {
    expect(hasDrifted(tasks, 100)).toBe(isDrifted);
  });

  test('not where nothing was usual', () => {
    expect(hasDrifted(lasting(30, 500), 0)).toBe(false);
    expect(medianLatency([taskOf({ latencyMs: undefined })])).toBe(0);
  });
});
