/** A number with three significant digits; from 100 on, a whole number, with thousands separators. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'no limit' : '–';
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  // + 0 turns -0 into 0.
  return (rounded + 0).toLocaleString('en-US', { maximumSignificantDigits: 15 });
}

/** A whole number with thousands separators. A count of proto3 JSON is a string. */
export function count(value: number | string | undefined): string {
  return (Math.round(Number(value ?? 0)) + 0).toLocaleString('en-US');
}

/** A count with its noun: `1 task`, `18,420 tasks`. */
export function countOf(value: number | string | undefined, noun: string): string {
  const text = count(value);
  return `${text} ${noun}${text === '1' ? '' : 's'}`;
}

/** A share of 1 in percent: `31 %`. */
export function percent(share: number): string {
  return `${short(Number((share * 100).toPrecision(3)))} %`;
}

/** A duration in milliseconds with its unit: `310 ms`, `4.2 s`, `3.1 min`. */
export function duration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1000) return `${short(ms)} ms`;
  if (size < 120_000) return `${short(Number((ms / 1000).toPrecision(3)))} s`;
  if (size < 7_200_000) return `${short(Number((ms / 60_000).toPrecision(2)))} min`;
  return `${short(Number((ms / 3_600_000).toPrecision(3)))} h`;
}

/** A number of bytes with its unit. */
export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  if (size < 1024 ** 2) return `${short(size / 1024)} KiB`;
  return size < 1024 ** 3 ? `${short(size / 1024 ** 2)} MiB` : `${short(size / 1024 ** 3)} GiB`;
}

/** An e-value as odds: `23 to 1`. Below 1 there is none. */
export function odds(eValue: number): string {
  if (eValue > 1e6) return 'over 1,000,000 to 1';
  return eValue <= 1 ? 'none' : `${short(eValue)} to 1`;
}
