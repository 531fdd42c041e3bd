import type { Value } from '../../domain/value.ts';

/**
 * The most that two results of the same computation differ by: a share of the larger one, and an absolute part for what
 * is left of a difference. `Math.log` and `Math.exp` differ in their last bit between JavaScript engines, such as this one's
 * and a browser's. What was changed in a receipt is found by its hash, however little it is.
 */
const TOLERANCE = { share: 1e-9, rest: 1e-12 } as const;

/** Whether two numbers are the same result; whole numbers are if they are equal. */
export function isNear(a: number, b: number): boolean {
  if (a === b) return true;
  if (Number.isInteger(a) && Number.isInteger(b)) return false;
  const size = Math.max(Math.abs(a), Math.abs(b));
  return Math.abs(a - b) <= TOLERANCE.share * size + TOLERANCE.rest;
}

/** Whether two values are equal as JSON, numbers that were computed as far as engines agree. */
export function isSame(a: unknown, b: unknown): boolean {
  return isSameValue(plain(a), plain(b));
}

function isSameValue(a: Value | undefined, b: Value | undefined): boolean {
  if (typeof a === 'number' && typeof b === 'number') return isNear(a, b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((one, i) => isSameValue(one, b[i]));
  }
  if (!isRecord(a) || !isRecord(b)) return a === b;
  const names = Object.keys(a);
  const isAlike = (name: string) => Object.hasOwn(b, name) && isSameValue(a[name], b[name]);
  return names.length === Object.keys(b).length && names.every(isAlike);
}

function isRecord(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function plain(value: unknown): Value | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Value);
}

/**
 * Whether a value has the shape of a model: the same fields and array lengths, numbers for numbers,
 * everything else equal. An empty array of the model stands for any array of numbers.
 */
export function hasShape(value: unknown, model: unknown): boolean {
  if (typeof model === 'number') return typeof value === 'number';
  if (Array.isArray(model)) {
    if (!Array.isArray(value)) return false;
    return model.length === 0
      ? value.every((one) => typeof one === 'number')
      : value.length === model.length && model.every((one, i) => hasShape(value[i], one));
  }
  if (typeof model !== 'object' || model === null) return value === model;
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map(Object.entries(value));
  return Object.entries(model).every(([key, one]) => hasShape(fields.get(key), one));
}

/** Whether a value is a whole number of 0 or more. */
export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function show(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
