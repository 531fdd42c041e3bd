/** Five quantiles of a distribution: 5, 25, 50, 75 and 95 %. */
export interface Strip {
  readonly low: number;
  readonly first: number;
  readonly median: number;
  readonly third: number;
  readonly high: number;
}

/** @param quantiles at equal distances from 0 to 1; `undefined` where there are none */
export function stripOf(quantiles: readonly number[]): Strip | undefined {
  if (quantiles.length === 0) return undefined;
  const at = (share: number) => {
    const place = share * (quantiles.length - 1);
    const below = quantiles[Math.floor(place)] ?? 0;
    const above = quantiles[Math.ceil(place)] ?? below;
    return below + (above - below) * (place % 1);
  };
  return { low: at(0.05), first: at(0.25), median: at(0.5), third: at(0.75), high: at(0.95) };
}

/** Where a value lies from 0 to 1: by its logarithm where all values are positive and far apart. */
export function scaleOf(strips: readonly Strip[]): (value: number) => number {
  const low = Math.min(...strips.map((strip) => strip.low));
  const high = Math.max(...strips.map((strip) => strip.high));
  if (high <= low) return () => 0.5;
  const isLog = low > 0 && high / low > 20;
  const on = isLog ? Math.log : (value: number) => value;
  return (value) => (on(value) - on(low)) / (on(high) - on(low));
}
