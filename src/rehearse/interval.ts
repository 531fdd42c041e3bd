import { median, medianInterval } from '../trial/evidence/distributions.ts';

/** An estimate over runs, with the ends of its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/** Quantile 0.975 of the standard normal distribution. */
const Z = 1.959964;

/**
 * The mean of some runs, with an interval by Student's t.
 *
 * @param bounds what the figure can be
 */
export function meanEstimate(
  values: readonly number[],
  { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = {},
): Estimate {
  const n = values.length;
  const value = values.reduce((sum, one) => sum + one, 0) / n;
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
  const half =
    n < 2 ? Number.POSITIVE_INFINITY : tQuantile(n - 1) * Math.sqrt(squares / (n - 1) / n);
  return { value, lower: Math.max(value - half, least), upper: Math.min(value + half, most) };
}

/** A share of runs, with Wilson's interval. */
export function shareEstimate(count: number, n: number): Estimate {
  const value = count / n;
  const centre = (value + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half =
    (Z / (1 + Z ** 2 / n)) * Math.sqrt((value * (1 - value)) / n + Z ** 2 / (4 * n ** 2));
  return { value, lower: Math.max(centre - half, 0), upper: Math.min(centre + half, 1) };
}

/** When something happened, over all runs: the median; infinite where it never did. */
export function whenEstimate(values: readonly (number | undefined)[]): Estimate {
  const all = values.map((value) => value ?? Number.POSITIVE_INFINITY);
  const [lower, upper] = medianInterval(all);
  return { value: median(all), lower, upper };
}

/** Quantile 0.975 of Student's t, by the expansion of Cornish and Fisher; exact for one and two degrees. */
function tQuantile(degrees: number): number {
  if (degrees === 1) return 12.706;
  if (degrees === 2) return 4.303;
  return (
    Z +
    (Z ** 3 + Z) / (4 * degrees) +
    (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * degrees ** 2) +
    (3 * Z ** 7 + 19 * Z ** 5 + 17 * Z ** 3 - 15 * Z) / (384 * degrees ** 3)
  );
}
