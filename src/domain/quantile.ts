/**
 * Quantile of a sorted sample by linear interpolation between the two closest ranks: definition 7
 * of Hyndman & Fan, "Sample Quantiles in Statistical Packages" (1996). 0 for an empty sample.
 */
export function quantile(sorted: Float64Array, q: number): number {
  const rank = Math.max((sorted.length - 1) * q, 0);
  const below = sorted[Math.floor(rank)] ?? 0;
  const above = sorted[Math.ceil(rank)] ?? 0;
  return below + (above - below) * (rank - Math.floor(rank));
}
