import { describe, expect, test } from 'vitest';
import {
  mean,
  meanInterval,
  median,
  medianInterval,
  quantileOf,
  rateInterval,
  upperTail,
} from '../../../src/trial/evidence/distributions.ts';
import { exactTail, type Fraction } from '../../support/trials/exact-tail.ts';

describe('upperTail', () => {
  const shares: readonly Fraction[] = [
    [1, 20],
    [1, 2],
    [9, 10],
  ];
  const cases = shares.flatMap((p) => [1, 2, 7, 40, 200].map((n) => [p, n] as const));

  test.each(cases)('of p = %j, n = %i is that of whole numbers', (p, n) => {
    for (let count = 0; count <= n + 1; count += n > 50 ? 7 : 1) {
      const exact = exactTail(count, n, p);
      const tail = upperTail(count, n, p[0] / p[1]);
      expect(Math.abs(tail - exact)).toBeLessThanOrEqual(1e-9 * exact + 1e-50);
    }
  });

  test('of what cannot be more is certain, of what cannot be is nothing', () => {
    expect(upperTail(0, 10, 0.5)).toBe(1);
    expect(upperTail(-1, 10, 0.5)).toBe(1);
    expect(upperTail(11, 10, 0.5)).toBe(0);
    expect(upperTail(1, 0, 0.5)).toBe(0);
  });

  test('holds for as many tasks as a trial assigns', () => {
    expect(upperTail(150, 2000, 0.05)).toBeCloseTo(exactTail(150, 2000, [1, 20]), 12);
    expect(upperTail(1000, 2000, 0.5)).toBeCloseTo(0.5 + 0.008919, 5);
  });
});

describe('quantileOf', () => {
  test.each([
    [[], 0.5, 0],
    [[7], 0.99, 7],
    [[4, 1, 3, 2], 0.5, 2.5],
    [[10, 20], 0.75, 17.5],
    [[3, 1, 2], 0, 1],
    [[3, 1, 2], 1, 3],
    // Definition 7 of Hyndman & Fan: the rank of .99 · 4 = 3.96, from 0.
    [[1, 2, 3, 4, 100], 0.99, 96.16],
  ])('of %j at %d is %d', (values, q, quantile) => {
    expect(quantileOf(values, q)).toBeCloseTo(quantile, 12);
  });
});

test('mean and median', () => {
  expect([mean([]), mean([1, 2, 6])]).toEqual([0, 3]);
  expect([median([]), median([3]), median([9, 1, 5]), median([4, 1, 3, 2])]).toEqual([
    0, 3, 5, 2.5,
  ]);
});

describe('medianInterval', () => {
  /** P that the median of n values lies between the one of rank `low` and that of rank `high`. */
  const coverage = (low: number, high: number, n: number) =>
    exactTail(low, n, [1, 2]) - exactTail(high, n, [1, 2]);

  test.each([6, 7, 8, 12, 25, 30, 50, 99, 100])('of %i values holds it with 95 %%', (n) => {
    const values = Array.from({ length: n }, (_, i) => i + 1);
    const [low, high] = medianInterval(values.toReversed());
    expect(low + high).toBe(n + 1);
    expect(coverage(low, high, n)).toBeGreaterThanOrEqual(0.95);
    // One rank narrower on each side would not.
    expect(coverage(low + 1, high - 1, n)).toBeLessThan(0.95);
  });

  test('of few values is their extremes', () => {
    expect(medianInterval([])).toEqual([0, 0]);
    expect(medianInterval([4])).toEqual([4, 4]);
    expect(medianInterval([3, 1, 2, 9, 5])).toEqual([1, 9]);
  });
});

/** As `rateInterval`, of so many +1, -1 and 0. */
function intervalOf(plus: number, minus: number, zeros: number) {
  return rateInterval(plus - minus, plus + minus, plus + minus + zeros);
}

describe('rateInterval', () => {
  test('is Agresti and Min’s', () => {
    const [low, high] = intervalOf(3, 1, 6);
    expect(low).toBeCloseTo(-0.18617, 5);
    expect(high).toBeCloseTo(0.51951, 5);
  });

  test.each([1, -1])('holds a rate of %i, and stays between -1 and 1', (sign) => {
    for (const n of [1, 5, 100]) {
      const [low, high] = rateInterval(sign * n, n, n);
      expect(low).toBeGreaterThanOrEqual(-1);
      expect(high).toBeLessThanOrEqual(1);
      expect(low < high).toBe(true);
    }
  });

  test('of pairs that are all alike still has a width', () => {
    const [low, high] = intervalOf(0, 0, 100);
    expect(low).toBeCloseTo(-high, 12);
    expect(high).toBeGreaterThan(0.01);
  });

  test.each([
    [0.3, 0.3],
    [0.1, 0.02],
  ])('misses a difference of %d less %d in about 5 % of samples', (worse, better) => {
    // Every outcome of 60 pairs, by its probability: counts of +1 and of -1.
    const n = 60;
    let missed = 0;
    for (let plus = 0; plus <= n; plus += 1) {
      for (let minus = 0; plus + minus <= n; minus += 1) {
        const [low, high] = intervalOf(plus, minus, n - plus - minus);
        const isHit = low <= worse - better && worse - better <= high;
        if (!isHit) missed += trinomial(n, plus, minus, worse, better);
      }
    }
    expect(missed).toBeLessThan(0.07);
  });
});

test('meanInterval is 1.96 standard errors to each side', () => {
  // 1, 2, 3 and 6: a mean of 3, a variance of 3.5.
  const [low, high] = meanInterval(12, 50, 4);
  expect([low, high]).toEqual([3 - 1.96 * Math.sqrt(3.5 / 4), 3 + 1.96 * Math.sqrt(3.5 / 4)]);
});

function trinomial(n: number, a: number, b: number, p: number, q: number): number {
  let log = a * Math.log(p) + b * Math.log(q) + (n - a - b) * Math.log(1 - p - q);
  for (let i = 1; i <= n; i += 1) log += Math.log(i);
  for (const part of [a, b, n - a - b]) for (let i = 1; i <= part; i += 1) log -= Math.log(i);
  return Math.exp(log);
}
