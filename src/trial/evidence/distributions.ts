import { quantile } from '../../domain/quantile.ts';

/** P(X ≥ count) for X ~ Binomial(n, p), 0 < p < 1; exact, term by term. */
export function upperTail(count: number, n: number, p: number): number {
  if (count <= 0) return 1;
  const odds = Math.log(p) - Math.log1p(-p);
  // ln(C(n, k) · p^k · (1-p)^(n-k)), from k = 0.
  let logTerm = n * Math.log1p(-p);
  let below = 0;
  for (let k = 0; k < count && k <= n; k += 1) {
    below += Math.exp(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1) + odds;
  }
  if (below < 0.5) return 1 - below;
  // Summed directly, since 1 - below would lose precision.
  let tail = 0;
  for (let k = count; k <= n; k += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1) + odds;
  }
  return Math.min(tail, 1);
}

/** Quantile of values in any order, as `quantile`; 0 for no values. */
export function quantileOf(values: readonly number[], q: number): number {
  return quantile(Float64Array.from(values).sort(), q);
}

/** Median; 0 for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  const high = sorted[upper] ?? 0;
  return sorted.length % 2 === 1 ? high : ((sorted[upper - 1] ?? 0) + high) / 2;
}

/**
 * Ends of a distribution-free 95 % interval for the median, by order statistics (David & Nagaraja,
 * Order Statistics, 2003, 7.1); with fewer than six values, the extremes.
 */
export function medianInterval(values: readonly number[]): readonly [lower: number, upper: number] {
  const sorted = values.toSorted((a, b) => a - b);
  let cut = 0;
  while (upperTail(sorted.length - cut, sorted.length, 0.5) <= 0.025 && cut < sorted.length / 2) {
    cut += 1;
  }
  const rank = Math.max(cut - 1, 0);
  return [sorted[rank] ?? 0, sorted[sorted.length - 1 - rank] ?? 0];
}

/** Arithmetic mean; 0 for no values. */
export function mean(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

/**
 * Ends of a 95 % interval for a mean difference of paired proportions: Wald's with half a pair
 * added to each of the four cells (Agresti & Min, Statistics in Medicine 24, 2005).
 *
 * @param sum of the differences of `count` pairs, each from -1 to 1
 * @param squares sum of their squares
 */
export function rateInterval(
  sum: number,
  squares: number,
  count: number,
): readonly [lower: number, upper: number] {
  const [lower, upper] = meanInterval(sum, squares + 1, count + 2);
  return [Math.max(lower, -1), Math.min(upper, 1)];
}

/**
 * Ends of a 95 % interval for a mean by the normal approximation.
 *
 * @param sum of `count` values
 * @param squares sum of their squares
 */
export function meanInterval(
  sum: number,
  squares: number,
  count: number,
): readonly [lower: number, upper: number] {
  const centre = sum / count;
  const halfWidth = 1.96 * Math.sqrt(Math.max(squares / count - centre * centre, 0) / count);
  return [centre - halfWidth, centre + halfWidth];
}
