import { mean } from '../src/trial/evidence/distributions.ts';

/** Sample variance; 0 for fewer than two values. */
function variance(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.map((value) => (value - centre) ** 2);
  return values.length < 2 ? 0 : (mean(squares) * values.length) / (values.length - 1);
}

/** Welch's t-test, two-sided at .05: where the second mean lies; `undefined`: not significant. */
export function compareMeans(
  before: readonly number[],
  after: readonly number[],
): 'lower' | 'higher' | undefined {
  const [a, b] = [variance(before) / before.length, variance(after) / after.length];
  const gap = mean(after) - mean(before);
  const freedom = (a + b) ** 2 / (a ** 2 / (before.length - 1) + b ** 2 / (after.length - 1));
  if (!(Math.abs(gap) > criticalT(freedom) * Math.sqrt(a + b))) return undefined;
  return gap < 0 ? 'lower' : 'higher';
}

/** The .975 quantile of Student's t from 10 degrees on, to 4 digits (Abramowitz & Stegun 26.7.5). */
function criticalT(freedom: number): number {
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return z + first / freedom + second / freedom ** 2;
}
