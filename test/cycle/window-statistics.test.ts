import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { summarize } from '../../src/cycle/window-statistics.ts';
import { quantile } from '../../src/domain/quantile.ts';
import { runAtOnce } from '../../src/domain/slices.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';

const summaryOf = (...given: Parameters<typeof summarize>) => runAtOnce(summarize(...given));

describe('summarize', () => {
  test('of no tasks, every number is 0', () => {
    expect(summaryOf([])).toEqual({
      count: 0,
      avgLatencyMs: 0,
      p50LatencyMs: 0,
      p95LatencyMs: 0,
      p99LatencyMs: 0,
      successRate: 0,
      statuses: { unspecified: 0, success: 0, failure: 0, timeout: 0, cancelled: 0 },
      measurements: {},
      measurementNamesDropped: 0,
    });
  });

  test('counts statuses, and only success is success', () => {
    const statuses = ['success', 'failure', 'timeout', 'cancelled', 'unspecified'] as const;
    const window = summaryOf(statuses.map((status) => taskOf({ status })));
    expect(window.statuses).toEqual({
      unspecified: 1,
      success: 1,
      failure: 1,
      timeout: 1,
      cancelled: 1,
    });
    expect(window.successRate).toBe(0.2);
  });

  test('a latency that was not measured counts as 0', () => {
    const window = summaryOf([taskOf({ latencyMs: undefined }), taskOf({ latencyMs: 100 })]);
    expect(window).toMatchObject({ avgLatencyMs: 50, p50LatencyMs: 50 });
  });

  test('a measurement is averaged over the tasks that carry it', () => {
    const window = summaryOf([
      taskOf({ measurements: { cost: 1, tokens: 10 } }),
      taskOf({ measurements: { cost: 3 } }),
      taskOf(),
    ]);
    expect(window.measurements).toEqual({ cost: 2, tokens: 10 });
  });

  test('of many names, those that most tasks carry are kept, ties in their order', () => {
    const names = (from: number, to: number) =>
      Object.fromEntries(Array.from({ length: to - from }, (_, i) => [nameOf(from + i), i]));
    const tasks = [
      taskOf({ measurements: { ...names(200, 264) } }),
      taskOf({ measurements: names(100, 164) }),
      taskOf({ measurements: names(0, 64) }),
      taskOf({ measurements: names(164, 200) }),
      taskOf({ measurements: names(64, 100) }),
      ...[1, 3].map((rare) => taskOf({ measurements: { z_rare: rare, z_other: rare } })),
    ];
    const { measurements, measurementNamesDropped } = summaryOf(tasks);
    expect(Object.keys(measurements)).toHaveLength(256);
    expect(measurements).toMatchObject({ z_rare: 2, z_other: 2, [nameOf(253)]: 53 });
    expect(measurements).not.toHaveProperty(nameOf(254));
    expect(measurementNamesDropped).toBe(10);
  });

  test('of a flood of names, those that tasks share are kept, with exact means', () => {
    const tasks = Array.from({ length: 1000 }, (_, i) => {
      const own = Array.from({ length: 60 }, (_, j) => [`own_${i * 60 + j}`, 1]);
      // A name that comes late, too.
      const shared = i < 900 ? { cost: i } : { cost: i, late: i };
      return taskOf({ measurements: { ...Object.fromEntries(own), ...shared } });
    });
    const { measurements, measurementNamesDropped } = summaryOf(tasks);
    expect(measurements).toMatchObject({ cost: 499.5, late: 949.5 });
    expect(Object.keys(measurements)).toHaveLength(256);
    expect(measurementNamesDropped).toBe(60_000 + 2 - 256);
  });

  test('a task without a latency counts as 0', () => {
    expect(summaryOf([taskOf({ latencyMs: 0 }), taskOf({ latencyMs: 300 })]).avgLatencyMs).toBe(
      150,
    );
  });
});

describe('quantile', () => {
  test.each([
    [[1, 2, 3, 4], 0.5, 2.5],
    [[10], 0.99, 10],
    [[0, 100], 0.95, 95],
    [[1, 2, 3, 4, 5], 0.25, 2],
  ])('of %j at %d is %d, as numpy.quantile says', (values, q, expected) => {
    expect(quantile(Float64Array.from(values), q)).toBeCloseTo(expected, 12);
  });

  test('lies within the sample and grows with q', () => {
    const sample = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(sample, share, share, (values, a, b) => {
        const sorted = Float64Array.from(values).sort();
        const low = quantile(sorted, Math.min(a, b));
        const high = quantile(sorted, Math.max(a, b));
        expect(low).toBeGreaterThanOrEqual(sorted[0] ?? 0);
        expect(high).toBeLessThanOrEqual((sorted.at(-1) ?? 0) * (1 + 1e-12));
        expect(high).toBeGreaterThanOrEqual(low - Math.abs(low) * 1e-12);
      }),
    );
  });
});

function nameOf(number: number): string {
  return `m_${String(number).padStart(3, '0')}`;
}
