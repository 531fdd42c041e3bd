import { fromJson, type JsonObject, toJson } from '@bufbuild/protobuf';
import { type Value as ProtoValue, ValueSchema } from '@bufbuild/protobuf/wkt';
import type { Parameters as ParameterValues, Value } from '../domain/value.ts';

/** Maximum nesting of a value: more than settings need, less than could exhaust the stack. */
const MAX_DEPTH = 16;

export function toProtoValue(value: Value): ProtoValue {
  // A Value is a read-only JSON value.
  return fromJson(ValueSchema, value as Parameters<typeof fromJson>[1]);
}

export function toProtoParameters(parameters: ParameterValues): { [name: string]: ProtoValue } {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, toProtoValue(value)]),
  );
}

/** An object as a `google.protobuf.Struct`; of any other value, an empty one. */
export function toJsonObject(value: Value): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  // A Value is a read-only JSON value.
  return value as JsonObject;
}

/** The domain's value, or what was expected instead. */
export function fromProtoValue(value: ProtoValue): { value: Value } | { fault: string } {
  try {
    const json: Value = toJson(ValueSchema, value);
    return depthOf(json) <= MAX_DEPTH
      ? { value: json }
      : { fault: `expected at most ${MAX_DEPTH} levels of nesting` };
  } catch {
    // No kind is set, a number is not finite, or the nesting exhausts the stack.
    return { fault: 'expected null, a finite number, a string, a bool, a list or a struct' };
  }
}

function depthOf(value: Value): number {
  if (typeof value !== 'object' || value === null) return 1;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
