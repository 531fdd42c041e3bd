import type { Value as ProtoValue } from '@bufbuild/protobuf/wkt';
import type { Value } from '../domain/value.ts';

/** Settings by name, as JSON values. */
export type Values = Readonly<Record<string, Value>>;

export function valuesOf(parameters: Readonly<Record<string, ProtoValue>>): Values {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, jsonOf(value)]),
  );
}

/** As `toJson`, but null for numbers that JSON cannot hold, for which `toJson` throws. */
function jsonOf({ kind }: ProtoValue): Value {
  switch (kind.case) {
    case 'numberValue':
      return Number.isFinite(kind.value) ? kind.value : null;
    case 'structValue':
      return valuesOf(kind.value.fields);
    case 'listValue':
      return kind.value.values.map(jsonOf);
    case 'stringValue':
    case 'boolValue':
      return kind.value;
    default:
      return null;
  }
}
