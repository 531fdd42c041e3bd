import { toJson } from '@bufbuild/protobuf';
import { type Value as ProtoValue, ValueSchema } from '@bufbuild/protobuf/wkt';
import type { Value } from '../domain/value.ts';
import type { Delta } from '../gen/learning/v1/delta_pb.ts';

/** Settings by their names, as JSON has them. */
export type Values = Readonly<Record<string, Value>>;

export function valuesOf(parameters: Readonly<Record<string, ProtoValue>>): Values {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, toJson(ValueSchema, value)]),
  );
}

/** The values after a delta. */
export function withDelta(values: Values, { target, newValue }: Delta): Values {
  if (newValue !== undefined) return { ...values, [target]: toJson(ValueSchema, newValue) };
  const { [target]: _, ...others } = values;
  return others;
}
