import { describe, expect, test } from 'vitest';
import type { Difference } from '../../src/domain/effect.ts';
import { amountOver, sumAmounts } from '../../src/domain/gains.ts';

const LATENCY: Difference = {
  ...{ metric: 'latency', better: 'lower', perTask: 360, lower: 180, upper: 540, groups: 30 },
};
const SUCCESS: Difference = {
  ...{ metric: 'success', better: 'higher', perTask: 0.03, lower: -0.01, upper: 0.07, groups: 30 },
};

describe('a difference over many tasks', () => {
  test('is task-hours of latency', () => {
    expect(amountOver(LATENCY, 20_000)).toEqual({
      ...{ metric: 'latency', better: 'lower', estimate: 2, lower: 1, upper: 3 },
    });
  });

  test('is tasks of success, and a measurement in its own unit', () => {
    const { estimate, lower, upper } = amountOver(SUCCESS, 1000);
    expect([estimate, lower, upper].map(Math.round)).toEqual([30, -10, 70]);
    const cost: Difference = { ...LATENCY, metric: 'cost', perTask: 0.5, lower: 0.25, upper: 1 };
    expect(amountOver(cost, 8)).toMatchObject({ estimate: 4, lower: 2, upper: 8 });
  });

  test('that is a cost is turned round with its ends, and has no minus zero', () => {
    expect(amountOver(LATENCY, -20_000)).toMatchObject({ estimate: -2, lower: -3, upper: -1 });
    const none = amountOver({ ...SUCCESS, perTask: 0 }, -5);
    expect(Object.is(none.estimate, 0)).toBe(true);
  });
});

test('amounts are summed by metric, with their ends', () => {
  const [one, two] = [amountOver(LATENCY, 20_000), amountOver(LATENCY, 10_000)];
  const tasks = amountOver(SUCCESS, 100);
  expect(sumAmounts([one, tasks, two])).toEqual([
    { metric: 'latency', better: 'lower', estimate: 3, lower: 1.5, upper: 4.5 },
    tasks,
  ]);
  expect(sumAmounts([])).toEqual([]);
});
