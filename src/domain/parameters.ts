import { clip } from './clip.ts';
import { isOfType, nameOfType } from './parameter-type.ts';
import type { ParameterSpec } from './settings.ts';
import { kindOf, sameValue, type Value } from './value.ts';
import { encodedBytes } from './value-size.ts';

/** Significant digits that a computed number keeps: enough to lose nothing but the noise of binary fractions. */
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
 * The maximum of parameters, live and to be added: every snapshot holds all of them, and a default client takes no
 * message over 4 MiB. With names of 128 characters, values of `MAX_VALUE_BYTES` and the id of a delta for each,
 * parameters take 4,109,000 bytes; 85,304 bytes are left for the other fields of the message.
 */
export const MAX_PARAMETERS = 1000;

/** The maximum bytes of a value as a `google.protobuf.Value`: far above any setting. See `MAX_PARAMETERS`. */
export const MAX_VALUE_BYTES = 3800;

/** The maximum bytes in a message of a value, or of a list of allowed values: enough to recognise them. */
const MAX_SHOWN_BYTES = 256;

/** Why a value is too large, in words; `undefined` if it is not. */
export function excessOf(value: Value): string | undefined {
  const bytes = encodedBytes(value);
  if (bytes <= MAX_VALUE_BYTES) return undefined;
  return `expected at most ${MAX_VALUE_BYTES} bytes as a google.protobuf.Value, got ${bytes}`;
}

/** Why a parameter may not have a value, in words; `undefined` if it may. Any parameter may be removed. */
export function violationOf(
  spec: ParameterSpec | undefined,
  value: Value | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  const excess = excessOf(value);
  if (excess !== undefined) return excess;
  if (spec === undefined) return undefined;
  if (spec.allowed !== undefined && !spec.allowed.some((one) => sameValue(one, value))) {
    return `expected one of ${show(spec.allowed)}, got ${show(value)}`;
  }
  if (spec.allowed === undefined) {
    const ofOtherKind = kindViolation(spec.initial, value);
    if (ofOtherKind !== undefined) return ofOtherKind;
    if (spec.isTypeSaid && spec.type !== undefined && !isOfType(spec.type, value)) {
      return `expected ${nameOfType(spec.type)} (its type is ${spec.type}), got ${show(value)}`;
    }
  }
  if (typeof value !== 'number') return undefined;
  if (spec.min !== undefined && value < spec.min) {
    return `expected at least ${spec.min}, got ${value}`;
  }
  if (spec.max !== undefined && value > spec.max) {
    return `expected at most ${spec.max}, got ${value}`;
  }
  return undefined;
}

/** Why `value` may not replace `former`, if they are of different kinds, in words; any value may replace `null`. */
export function kindViolation(former: Value, value: Value): string | undefined {
  const kind = kindOf(former);
  if (kind === 'null' || kindOf(value) === kind) return undefined;
  return `expected ${kind === 'object' ? 'an' : 'a'} ${kind}, got ${show(value)}`;
}

/** A value as JSON, of bounded size. */
function show(value: Value): string {
  return clip(JSON.stringify(value), MAX_SHOWN_BYTES);
}
