import type { ParameterSpec } from './settings.ts';
import { kindOf, sameValue, type Value } from './value.ts';

/** Digits that a computed number keeps: drops the noise of binary fractions, loses nothing else. */
const SIGNIFICANT_DIGITS = 12;

/**
 * Limits a proposed number by `maxStep` from the current value, then by `min` and `max`, and rounds
 * it to 12 significant digits. Anything but a number passes as it is.
 */
export function limitValue(
  spec: ParameterSpec | undefined,
  current: Value | undefined,
  proposed: Value,
): Value {
  if (typeof proposed !== 'number') return proposed;
  let value = proposed;
  if (spec?.maxStep !== undefined && typeof current === 'number') {
    value = Math.min(Math.max(value, current - spec.maxStep), current + spec.maxStep);
  }
  if (spec?.min !== undefined) value = Math.max(value, spec.min);
  if (spec?.max !== undefined) value = Math.min(value, spec.max);
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

/**
 * Characters of a value as JSON: far above any setting. Every commit and every snapshot holds all
 * values.
 */
const MAX_VALUE_LENGTH = 4096;

/** Why a value may not be had by a parameter, or `undefined` where it may. */
export function violationOf(spec: ParameterSpec | undefined, value: Value): string | undefined {
  const { length } = JSON.stringify(value);
  if (length > MAX_VALUE_LENGTH) {
    return `expected at most ${MAX_VALUE_LENGTH} characters of JSON, got ${length}`;
  }
  if (spec === undefined) return undefined;
  if (spec.allowed !== undefined && !spec.allowed.some((one) => sameValue(one, value))) {
    return `expected one of ${JSON.stringify(spec.allowed)}, got ${JSON.stringify(value)}`;
  }
  const ofOtherKind = spec.allowed === undefined ? kindViolation(spec.initial, value) : undefined;
  if (ofOtherKind !== undefined) return ofOtherKind;
  if (typeof value !== 'number') return undefined;
  if (spec.min !== undefined && value < spec.min) {
    return `expected at least ${spec.min}, got ${value}`;
  }
  if (spec.max !== undefined && value > spec.max) {
    return `expected at most ${spec.max}, got ${value}`;
  }
  return undefined;
}

/** Why a value may not stand in place of another one, by their kinds; anything may in place of `null`. */
export function kindViolation(former: Value, value: Value): string | undefined {
  const kind = kindOf(former);
  if (kind === 'null' || kindOf(value) === kind) return undefined;
  return `expected ${kind === 'object' ? 'an' : 'a'} ${kind}, got ${JSON.stringify(value)}`;
}
