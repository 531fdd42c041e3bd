import { sameValue, type Value } from '../domain/value.ts';

/** Whether two things are the same once they are JSON. */
export function isSame(a: unknown, b: unknown): boolean {
  return sameValue(plain(a), plain(b));
}

function plain(value: unknown): Value | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Value);
}

/**
 * Whether something has the fields of a model, with numbers where that has numbers and the very same
 * text where that has text. Where an array of the model is empty, any numbers may stand.
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

/** Whether something is a whole number of 0 or more. */
export function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function show(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
