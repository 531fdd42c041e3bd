import { describe, expect, test } from 'vitest';
import { compareSamples, sampleOf } from '../../src/trial/observe.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';

/** Tasks that take twice and half as long in turn, of which the first fail. */
const tasks = (count: number, latencyMs: number | undefined, failures = 0) =>
  Array.from({ length: count }, (_, i) =>
    taskOf({
      latencyMs: latencyMs === undefined ? undefined : latencyMs * (i % 2 === 0 ? 2 : 0.5),
      status: i < failures ? 'failure' : 'success',
    }),
  );

describe('before and after', () => {
  test('are compared with an interval, and are no evidence', () => {
    const [latency, success] = compareSamples(
      sampleOf(tasks(30, 200)),
      sampleOf(tasks(30, 100, 3)),
    );
    const halfWidth = 1.96 * Math.sqrt((2 * (30 / 29) * Math.LN2 ** 2) / 30);
    expect(latency?.estimate).toBeCloseTo(-Math.LN2, 12);
    expect(latency?.upper).toBeCloseTo(-Math.LN2 + halfWidth, 12);
    expect(latency?.lower).toBeCloseTo(-Math.LN2 - halfWidth, 12);
    expect(success?.estimate).toBeCloseTo(-0.1, 12);
    for (const effect of [latency, success]) {
      expect(effect).toMatchObject({
        statistic: 'mean',
        eHarm: 1,
        eHelp: 1,
        eNotWorse: 1,
        margin: undefined,
      });
      expect(effect).toMatchObject({ tasksOld: 30, tasksNew: 30 });
    }
  });

  test('leave out latencies that were not told', () => {
    const sample = sampleOf([...tasks(10, 100), ...tasks(10, undefined)]);
    expect(sample).toMatchObject({ count: 20, successes: 20 });
    expect(sample.meanLog).toBeCloseTo(Math.log(100), 12);
  });

  test('of nothing are finite', () => {
    for (const effect of compareSamples(sampleOf([]), sampleOf(tasks(1, 0)))) {
      for (const value of [effect.estimate, effect.lower, effect.upper]) {
        expect(Number.isFinite(value)).toBe(true);
      }
    }
  });
});
