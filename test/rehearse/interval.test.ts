import { expect, test } from 'vitest';
import { meanEstimate, shareEstimate, whenEstimate } from '../../src/rehearse/interval.ts';

test('the interval of a mean is that of Student', () => {
  // The quantile for nine degrees of freedom is 2.2622.
  const { value, lower, upper } = meanEstimate([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(value).toBe(5.5);
  expect(upper - value).toBeCloseTo((2.2622 * 3.02765) / Math.sqrt(10), 2);
  expect(value - lower).toBeCloseTo(upper - value);
  expect(meanEstimate([0, 0, 1], { least: 0 }).lower).toBe(0);
});

test('the interval of a share is that of Wilson', () => {
  expect(shareEstimate(0, 20)).toEqual({ value: 0, lower: 0, upper: expect.closeTo(0.1611, 4) });
  expect(shareEstimate(5, 20)).toEqual({
    value: 0.25,
    lower: expect.closeTo(0.1119, 4),
    upper: expect.closeTo(0.4687, 4),
  });
});

test('what never happened is later than all', () => {
  expect(whenEstimate([10, undefined, 20])).toMatchObject({
    value: 20,
    lower: 10,
    upper: Infinity,
  });
  expect(whenEstimate([10, undefined, undefined]).value).toBe(Infinity);
});
