import { z } from 'zod';
import type { Value } from '../domain/value.ts';
import * as limits from './limits.ts';

// Every check of a field has the same message, "expected …": what was found is added to it.
// Descriptions are for the JSON Schema that editors use.

/** A number within its range. */
export function number(range: limits.NumberRange, description: string) {
  const message = `expected ${describeRange(range)}`;
  const base = range.whole === true ? z.number(message).int(message) : z.number(message);
  const lower = range.above === true ? base.gt(range.min, message) : base.gte(range.min, message);
  if (range.max === Number.MAX_VALUE) return lower.describe(description);
  const bounded =
    range.below === true ? lower.lt(range.max, message) : lower.lte(range.max, message);
  return bounded.describe(description);
}

function describeRange(range: limits.NumberRange): string {
  const kind = range.whole === true ? 'a whole number' : 'a number';
  if (range.above !== true) return `${kind} from ${range.min} to ${range.max}`;
  const above = `${kind} above ${range.min}`;
  if (range.max === Number.MAX_VALUE) return above;
  return `${above} and ${range.below === true ? 'below' : 'up to'} ${range.max}`;
}

/** A boolean. */
export function flag(description: string) {
  return z.boolean('expected true or false').describe(description);
}

/** One of some words. */
export function choice<const T extends readonly string[]>(values: T, description: string) {
  return z.enum(values, `expected one of ${values.join(', ')}`).describe(description);
}

/** A text that is not empty. */
export function text(maxLength: number, what: string, description: string) {
  const message = `expected ${what} of 1 to ${maxLength} characters`;
  return z.string(message).min(1, message).max(maxLength, message).describe(description);
}

/** Where a file or a folder is; may be left out. */
export function path(description: string) {
  return text(limits.MAX_PATH_LENGTH, 'a path', description).optional();
}

const RULE_ID_WORDS = 'an id of 1 to 128 letters, digits, _ . and -';
const PARAMETER_NAME_WORDS =
  "a parameter's name of 1 to 128 letters, digits, _ . and -, not beginning with a digit or __";

function name(pattern: RegExp, what: string, description: string) {
  const message = `expected ${what}`;
  return z.string(message).regex(pattern, message).describe(description);
}

/** Id of a rule. */
export function ruleId(description: string) {
  return name(limits.RULE_ID, RULE_ID_WORDS, description);
}

/** Name of a parameter. */
export function parameterName(description: string) {
  return name(limits.PARAMETER_NAME, PARAMETER_NAME_WORDS, description);
}

/** An object of which every key is known. */
export function section<T extends z.core.$ZodLooseShape>(shape: T, description: string) {
  return z.strictObject(shape, 'expected an object with keys').describe(description);
}

/** A section of which every key, and the whole, may be left out. */
export function partial<T extends z.core.$ZodLooseShape>(whole: z.ZodObject<T, z.core.$strict>) {
  return whole
    .partial()
    .describe(whole.description ?? '')
    .optional();
}

/**
 * A CEL expression. Numbers and booleans are expressions as they stand; the text that they were
 * written as is taken.
 */
export function expression(returns: string, description: string) {
  const message = `expected a CEL expression that gives ${returns}`;
  return z.union([z.string(), z.number(), z.boolean()], message).describe(description);
}

/** Names of labels, each once. */
export function labels(description: string) {
  const label = text(limits.MAX_LABEL_LENGTH, 'a label', "A label's name.");
  return z
    .array(label, 'expected a list of labels')
    .max(limits.MAX_LABELS, `expected at most ${limits.MAX_LABELS} labels`)
    .refine((all) => new Set(all).size === all.length, 'expected each label once')
    .describe(description);
}

function isValue(value: unknown, depth = 0): value is Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth === limits.MAX_VALUE_DEPTH) return false;
  return Object.values(value).every((inner) => isValue(inner, depth + 1));
}

/** A parameter's value. */
export const value = z.custom<Value>(
  (input) => input !== undefined && isValue(input),
  `expected a JSON value, nested at most ${limits.MAX_VALUE_DEPTH} levels`,
);

/** A bound of a parameter; null lifts that of the default. */
export function bound(description: string) {
  return z.number('expected a finite number, or null for none').nullable().describe(description);
}
