import type { JsonObject } from '@bufbuild/protobuf';
import { LearningError } from '../../domain/errors.ts';
import type { Value } from '../../domain/value.ts';
import type { LedgerState } from '../../ledger/state.ts';
import { toJsonObject } from '../../wire/value.ts';
import type { Evaluation, Evaluator } from './evaluation.ts';
import type { FeedReader } from './flag-feed.ts';
import { flagsJson } from './flag-json.ts';

// The messages of flagd's services, whatever carries them. Version 2 of the evaluation is version 1 with values and
// variants that may be absent, and without ResolveAll.

/** A request of either version. */
interface Request {
  readonly flagKey: string;
  readonly context?: JsonObject | undefined;
}

/** Reads a value of the type that was asked for. */
const read = {
  boolean: (value: Value) => value === true,
  string: (value: Value) => String(value),
  number: (value: Value) => Number(value),
  integer: (value: Value) => BigInt(Number(value)),
  object: toJsonObject,
} as const;

/** Answers each method of version 1. */
export function answersV1(evaluator: Evaluator) {
  return {
    resolveBoolean: async ({ flagKey, context }: Request) =>
      present(await evaluator.one(flagKey, 'boolean', context), read.boolean),
    resolveString: async ({ flagKey, context }: Request) =>
      present(await evaluator.one(flagKey, 'string', context), read.string),
    resolveFloat: async ({ flagKey, context }: Request) =>
      present(await evaluator.one(flagKey, 'number', context), read.number),
    resolveInt: async ({ flagKey, context }: Request) =>
      present(await evaluator.one(flagKey, 'integer', context), read.integer),
    resolveObject: async ({ flagKey, context }: Request) =>
      present(await evaluator.one(flagKey, 'object', context), read.object),
    resolveAll: async ({ context }: Pick<Request, 'context'>) => ({
      flags: Object.fromEntries(evaluator.all(context).flatMap(anyFlag)),
      metadata: { ...evaluator.metadata() },
    }),
  };
}

/** Answers each method of version 2. */
export function answersV2(evaluator: Evaluator) {
  return {
    resolveBoolean: async ({ flagKey, context }: Request) =>
      optional(await evaluator.one(flagKey, 'boolean', context), read.boolean),
    resolveString: async ({ flagKey, context }: Request) =>
      optional(await evaluator.one(flagKey, 'string', context), read.string),
    resolveFloat: async ({ flagKey, context }: Request) =>
      optional(await evaluator.one(flagKey, 'number', context), read.number),
    resolveInt: async ({ flagKey, context }: Request) =>
      optional(await evaluator.one(flagKey, 'integer', context), read.integer),
    resolveObject: async ({ flagKey, context }: Request) =>
      optional(await evaluator.one(flagKey, 'object', context), read.object),
  };
}

/** Without a value, clients of version 1 would take its zero. */
function present<T>(evaluation: Evaluation, toValue: (value: Value) => T) {
  const { name, value, reason, variant, metadata } = evaluation;
  if (value === undefined || variant === undefined) {
    const text = `${JSON.stringify(name)} has no value here`;
    throw new LearningError('PARAMETER_NOT_FOUND', text);
  }
  return { value: toValue(value), reason, variant, metadata: { ...metadata } };
}

/** Without a value, clients take the caller's default. */
function optional<T>(evaluation: Evaluation, toValue: (value: Value) => T) {
  const { value, reason, variant, metadata } = evaluation;
  const told = { reason, metadata: { ...metadata } };
  return value === undefined || variant === undefined
    ? told
    : { ...told, value: toValue(value), variant };
}

/** One of all: lists do not fit. */
function anyFlag({ name, value, reason, variant, metadata }: Evaluation) {
  const held = anyValue(value);
  if (held === undefined || variant === undefined) return [];
  return [[name, { reason, variant, value: held, metadata: { ...metadata } }] as const];
}

function anyValue(value: Value | undefined) {
  switch (typeof value) {
    case 'boolean':
      return { case: 'boolValue', value } as const;
    case 'string':
      return { case: 'stringValue', value } as const;
    case 'number':
      return { case: 'doubleValue', value } as const;
    default:
      return value === undefined || value === null || Array.isArray(value)
        ? undefined
        : ({ case: 'objectValue', value: toJsonObject(value) } as const);
  }
}

/** The next event that a reader is to be told; `undefined` if it has been told all. */
export function nextEvent(reader: FeedReader, { head }: LedgerState) {
  if (reader.isNew) {
    reader.isNew = false;
    return { type: 'provider_ready' };
  }
  if (reader.changed.size > 0) {
    const flags = [...reader.changed].map((name) => {
      const type = Object.hasOwn(head.parameters, name) ? 'update' : 'delete';
      return [name, { type }] as const;
    });
    reader.changed.clear();
    return { type: 'configuration_change', data: { flags: Object.fromEntries(flags) } };
  }
  if (!reader.isBeatDue) return undefined;
  reader.isBeatDue = false;
  return { type: 'keep_alive' };
}

/** All flags, where a reader has not been told them as they are; `undefined` otherwise. */
export function nextFlags(reader: FeedReader, evaluator: Evaluator) {
  if (!reader.isNew && reader.changed.size === 0) return undefined;
  reader.isNew = false;
  reader.changed.clear();
  return { flagConfiguration: allFlags(evaluator) };
}

/** The values in force, as flagd's own evaluation reads them. */
export function allFlags(evaluator: Evaluator): string {
  return flagsJson(evaluator.baseline(), evaluator.metadata());
}
