/** P(X ≥ count) for X ~ Binomial(n, numerator / denominator): slow, by whole numbers. */
export function exactTail(count: number, n: number, [numerator, denominator]: Fraction): number {
  const p = BigInt(numerator);
  const q = BigInt(denominator - numerator);
  let sum = 0n;
  let choose = 1n;
  for (let k = 0; k <= n; k += 1) {
    if (k >= count) sum += choose * p ** BigInt(k) * q ** BigInt(n - k);
    choose = (choose * BigInt(n - k)) / BigInt(k + 1);
  }
  const scale = 10n ** 60n;
  return Number((sum * scale) / BigInt(denominator) ** BigInt(n)) / 1e60;
}

export type Fraction = readonly [numerator: number, denominator: number];
