import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { binOf, LatencySketch } from '../../src/admin/timeline/latency-sketch.ts';
import { Timeline } from '../../src/admin/timeline/timeline.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const NOON_MS = Date.UTC(2026, 10, 30, 12);

const latencies = fc.array(fc.double({ min: 0.5, max: 1e7, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
});

function exact(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round(share * (sorted.length - 1))] ?? 0;
}

describe('the sketch', () => {
  test.for([0, 0.5, 0.95, 1])('knows the quantile %d within 2 %', (share) => {
    fc.assert(
      fc.property(latencies, (values) => {
        const sketch = new LatencySketch();
        for (const value of values) sketch.add(binOf(value));
        const found = sketch.quantile(share) ?? 0;
        expect(Math.abs(found / exact(values, share) - 1)).toBeLessThan(0.02);
      }),
    );
  });

  test('of two sets is that of both together', () => {
    fc.assert(
      fc.property(latencies, latencies, (some, others) => {
        const [a, b, both] = [new LatencySketch(), new LatencySketch(), new LatencySketch()];
        for (const value of some) a.add(binOf(value));
        for (const value of others) b.add(binOf(value));
        for (const value of [...some, ...others]) both.add(binOf(value));
        a.addAll(b);
        expect(a.total).toBe(both.total);
        expect(a.quantile(0.95)).toBe(both.quantile(0.95));
      }),
    );
  });

  test('takes any latency', () => {
    const sketch = new LatencySketch();
    for (const value of [0, 1e-9, 1e300]) sketch.add(binOf(value));
    expect(sketch.total).toBe(3);
  });
});

describe('the timeline', () => {
  const task = (timeMs: number, latencyMs: number | undefined = 100, isSuccess = true) => ({
    ...{ timeMs, latencyMs, isSuccess },
  });

  test('sums tasks by the minute', () => {
    const timeline = new Timeline();
    for (let i = 0; i < 10; i += 1) timeline.add(task(NOON_MS + i * 1000, 100, i > 0));
    timeline.add({ timeMs: NOON_MS + 5 * MINUTE_MS, isSuccess: true, latencyMs: undefined });
    const { stepMs, buckets } = timeline.between(NOON_MS, NOON_MS + 10 * MINUTE_MS, 10);
    expect(stepMs).toBe(MINUTE_MS);
    expect(buckets).toMatchObject([
      { timeMs: NOON_MS, tasks: 10, successes: 9 },
      { timeMs: NOON_MS + 5 * MINUTE_MS, tasks: 1, p50: undefined },
    ]);
    expect(Math.abs((buckets[0]?.p50 ?? 0) / 100 - 1)).toBeLessThan(0.02);
  });

  test('keeps minutes for a day and hours for a month, whatever comes', () => {
    const timeline = new Timeline();
    const beganMs = NOON_MS - 60 * DAY_MS;
    for (let timeMs = beganMs; timeMs <= NOON_MS; timeMs += 10 * MINUTE_MS)
      timeline.add(task(timeMs));
    expect(timeline.sinceMs).toBe(NOON_MS - 719 * 3_600_000);
    const month = timeline.between(NOON_MS - 30 * DAY_MS, NOON_MS, 720);
    expect(month.stepMs).toBe(3_600_000);
    expect(month.buckets.length).toBeLessThanOrEqual(721);
    expect(month.buckets.at(-2)?.tasks).toBe(6);
    const hour = timeline.between(NOON_MS - 3_600_000, NOON_MS, 60);
    expect(hour.stepMs).toBe(MINUTE_MS);
    expect(hour.buckets).toHaveLength(7);
    // A task of a time that is no longer kept is left out.
    timeline.add(task(beganMs));
    expect(timeline.sinceMs).toBe(NOON_MS - 719 * 3_600_000);
  });

  test('as many stretches as are wanted, at most', () => {
    const timeline = new Timeline();
    for (let i = 0; i < 1000; i += 1) timeline.add(task(NOON_MS + i * MINUTE_MS));
    const { buckets } = timeline.between(NOON_MS, NOON_MS + 1000 * MINUTE_MS, 50);
    expect(buckets.length).toBeLessThanOrEqual(51);
    expect(buckets.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(1000);
  });
});
