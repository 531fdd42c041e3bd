import { sameValue, type Value } from '../../domain/value.ts';

/** Whether two values are equal as JSON. */
export function isSame(a: unknown, b: unknown): boolean {
  return sameValue(plain(a), plain(b));
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
