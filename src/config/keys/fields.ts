import { z } from 'zod';
import { TRIAL_ASSIGNMENTS } from '../../domain/rule.ts';
import type { Value } from '../../domain/value.ts';
import { show } from '../fault.ts';
import { suggest } from '../suggest.ts';
import {
  MAX_LABEL_LENGTH,
  MAX_LABELS,
  MAX_PATH_LENGTH,
  MAX_VALUE_DEPTH,
  PARAMETER_NAME,
  RULE_ID,
} from './limits.ts';

// Schemas for the kinds of keys that a config has. All checks of a key have the same message, "expected …", to which
// `checkStructure` adds what was found. The argument `text` becomes the comment of the key in config/default.yaml and
// its description in config/schema.json.

/** Least and greatest value of a number, included (`from`, `to`) or not (`above`, `below`). */
interface Range {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  readonly below?: number;
}

/** A number within a range. */
export function number(range: Range, text: string) {
  const message = expectedNumber('a number', range);
  return within(range, z.number(message), message).describe(text);
}

/** A whole number within a range. */
export function whole(range: Range, text: string) {
  const message = expectedNumber('a whole number', range);
  return within(range, z.number(message).int(message), message).describe(text);
}

function within({ from, above, to, below }: Range, kind: z.ZodNumber, message: string) {
  let schema = kind;
  if (from !== undefined) schema = schema.gte(from, message);
  if (above !== undefined) schema = schema.gt(above, message);
  if (to !== undefined) schema = schema.lte(to, message);
  if (below !== undefined) schema = schema.lt(below, message);
  return schema;
}

function expectedNumber(kind: string, { from, above, to, below }: Range): string {
  const words = [
    from === undefined ? `above ${above}` : `from ${from}`,
    to === undefined ? '' : from === undefined ? ` and up to ${to}` : ` to ${to}`,
    below === undefined ? '' : ` and below ${below}`,
  ];
  return `expected ${kind} ${words.join('')}`;
}

/** A boolean. */
export function flag(text: string) {
  return z.boolean('expected true or false').describe(text);
}

/** One of the given words. */
export function choice<const T extends readonly string[]>(words: T, text: string) {
  return z.enum(words, `expected one of ${words.join(', ')}`).describe(text);
}

/** A text that is not empty, of at most `most` characters. */
export function string(most: number, what: string, text: string) {
  const message = `expected ${what} of 1 to ${most} characters`;
  return z.string(message).min(1, message).max(most, message).describe(text);
}

/** Path of a file or a directory; optional. */
export function path(text: string, example: string) {
  return string(MAX_PATH_LENGTH, 'a path', text)
    .optional()
    .meta({ examples: [example] });
}

/** Id of a rule. */
export function ruleId(text: string) {
  const message = 'expected an id of 1 to 128 letters, digits, _ . and -';
  return z.string(message).regex(RULE_ID, message).describe(text);
}

/** Name of a parameter. */
export function parameterName(text: string) {
  const message =
    "expected a parameter's name of 1 to 128 letters, digits, _ . and -, not beginning with a digit or __";
  return z.string(message).regex(PARAMETER_NAME, message).describe(text);
}

/** An object that may have only the given keys. */
export function section<T extends z.core.$ZodLooseShape>(keys: T, text: string) {
  const known = Object.keys(keys);
  const describeUnknown = (key: string) =>
    `expected one of ${known.join(', ')}, found ${show(key)}${suggest(key, known)}`;
  const schema = z.strictObject(keys, {
    // One line for each unknown key, in the order of the keys.
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map(describeUnknown).join('\n')
        : 'expected an object with keys',
  });
  return schema.describe(text);
}

/** A CEL expression as a text. Numbers and booleans are expressions, too, and become texts (see `readSourceTexts`). */
export function expression(returns: string, text: string) {
  const message = `expected a CEL expression that gives ${returns}`;
  return z.union([z.string(), z.number(), z.boolean()], message).transform(String).describe(text);
}

/** Names of labels, each once. */
export function labels(text: string) {
  return z
    .array(string(MAX_LABEL_LENGTH, 'a label', "A label's name."), 'expected a list of labels')
    .max(MAX_LABELS, `expected at most ${MAX_LABELS} labels`)
    .refine((all) => new Set(all).size === all.length, 'expected each label once')
    .describe(text);
}

function isValue(value: unknown, depth = 0): value is Value {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth === MAX_VALUE_DEPTH) return false;
  return Object.values(value).every((inner) => isValue(inner, depth + 1));
}

/** A parameter's value. */
export const value = z.custom<Value>(
  (input) => input !== undefined && isValue(input),
  `expected a JSON value, nested at most ${MAX_VALUE_DEPTH} levels`,
);

/** How tasks of a parameter's, or a rule's, trials get their arm. */
export function ownAssignment(otherwise: string) {
  return choice(
    TRIAL_ASSIGNMENTS,
    `Of its trials; without it, ${otherwise}. A knob that tasks share, such as concurrency, goes by ` +
      'blocks (switchback), one of a task alone, such as a model, by task',
  )
    .optional()
    .meta({ examples: ['switchback'] });
}

/** The share of tasks that may run on what is not proven. */
export function budget(otherwise: string) {
  return number(
    { from: 0.01, to: 1 },
    `Share of tasks that may run on a value of it that is not proven; without it, ${otherwise}`,
  )
    .optional()
    .meta({ examples: [0.1] });
}

/** A bound of a parameter. */
export function bound(text: string) {
  return z.number('expected a finite number, or null for none').nullable().describe(text);
}
