import type { JsonObject } from '@bufbuild/protobuf';
import { LearningError } from '../../domain/errors.ts';
import type { ParameterType } from '../../domain/parameter-type.ts';
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

/** Converts a value to the type that was asked for. */
const read = {
  boolean: (value: Value) => value === true,
  string: (value: Value) => String(value),
  number: (value: Value) => Number(value),
  integer: (value: Value) => BigInt(Number(value)),
  object: toJsonObject,
} as const;

/** Answers each method of version 1. */
export function answersV1(evaluator: Evaluator) {
  const ask = (wanted: ParameterType, { flagKey, context }: Request) =>
    evaluator.one(flagKey, wanted, context);
  const [boolean, text] = [once(present(read.boolean)), once(present(read.string))];
  const [number, integer] = [once(present(read.number)), once(present(read.integer))];
  const object = once(present(read.object));
  return {
    resolveBoolean: async (request: Request) => boolean(await ask('boolean', request)),
    resolveString: async (request: Request) => text(await ask('string', request)),
    resolveFloat: async (request: Request) => number(await ask('number', request)),
    resolveInt: async (request: Request) => integer(await ask('integer', request)),
    resolveObject: async (request: Request) => object(await ask('object', request)),
    resolveAll: async ({ context }: Pick<Request, 'context'>) => ({
      flags: Object.fromEntries(evaluator.all(context).flatMap(anyFlag)),
      metadata: { ...evaluator.metadata() },
    }),
  };
}

/** Answers each method of version 2. */
export function answersV2(evaluator: Evaluator) {
  const ask = (wanted: ParameterType, { flagKey, context }: Request) =>
    evaluator.one(flagKey, wanted, context);
  const [boolean, text] = [once(optional(read.boolean)), once(optional(read.string))];
  const [number, integer] = [once(optional(read.number)), once(optional(read.integer))];
  const object = once(optional(read.object));
  return {
    resolveBoolean: async (request: Request) => boolean(await ask('boolean', request)),
    resolveString: async (request: Request) => text(await ask('string', request)),
    resolveFloat: async (request: Request) => number(await ask('number', request)),
    resolveInt: async (request: Request) => integer(await ask('integer', request)),
    resolveObject: async (request: Request) => object(await ask('object', request)),
  };
}

/**
 * Calls `make` once for each argument, and keeps the result while the argument is in use: successive tasks get the same
 * answer, and encoding an answer takes longer than the rest of the call.
 */
export function once<K extends object, T extends object>(make: (from: K) => T): (from: K) => T {
  const known = new WeakMap<K, T>();
  return (from) => {
    const before = known.get(from);
    if (before !== undefined) return before;
    const after = make(from);
    known.set(from, after);
    return after;
  };
}

/** An answer of version 1. Throws PARAMETER_NOT_FOUND without a value, for which clients would take zero or empty. */
function present<T>(toValue: (value: Value) => T) {
  return ({ name, value, reason, variant, metadata }: Evaluation) => {
    if (value === undefined || variant === undefined) {
      const text = `${JSON.stringify(name)} has no value here`;
      throw new LearningError('PARAMETER_NOT_FOUND', text);
    }
    return { value: toValue(value), reason, variant, metadata: { ...metadata } };
  };
}

/** An answer of version 2. Without a value, clients take the caller's default. */
function optional<T>(toValue: (value: Value) => T) {
  return ({ value, reason, variant, metadata }: Evaluation) => {
    const told = { reason, metadata: { ...metadata } };
    return value === undefined || variant === undefined
      ? told
      : { ...told, value: toValue(value), variant };
  };
}

/** The entry of one flag in the answer for all; empty without a value, or for a list, which does not fit. */
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

/** The next event to send to a reader; `undefined` if there is none now. */
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

/** All flags, if they have changed since they were sent to a reader, or never were; `undefined` otherwise. */
export function nextFlags(reader: FeedReader, evaluator: Evaluator) {
  if (!reader.isNew && reader.changed.size === 0) return undefined;
  reader.isNew = false;
  reader.changed.clear();
  return { flagConfiguration: allFlags(evaluator) };
}

/** The values in force, as JSON for flagd's own evaluation. */
export function allFlags(evaluator: Evaluator): string {
  return flagsJson(evaluator.baseline(), evaluator.metadata());
}
