import type { ParameterType } from '../../domain/parameter-type.ts';
import type { Value } from '../../domain/value.ts';
import type { Evaluation } from './evaluation.ts';

/**
 * A value as JSON. A value of type number is written as a float even if it is whole, as `1.0`: JSON has one kind of
 * number, but Python and Java read two, and refuse `1` for a float.
 */
function valueJson(value: Value, type: ParameterType | undefined): string {
  const text = JSON.stringify(value);
  return typeof value === 'number' && type === 'number' && !/[.e]/.test(text) ? `${text}.0` : text;
}

/** An evaluation as an answer of OFREP. */
export function evaluationJson({
  name,
  value,
  type,
  reason,
  variant,
  metadata,
}: Evaluation): string {
  const rest = JSON.stringify({ key: name, reason, variant, metadata });
  return value === undefined ? rest : `{"value":${valueJson(value, type)},${rest.slice(1)}`;
}

/**
 * Flags for flagd's own evaluation: each has one variant, for everybody. Parameters without a value are left out, and
 * lists, too: a single list makes some clients refuse the whole set.
 */
export function flagsJson(all: readonly Evaluation[], metadata: Evaluation['metadata']): string {
  const flags = all.flatMap(({ name, value, type }) => {
    if (value === undefined || Array.isArray(value)) return [];
    const flag = `{"state":"ENABLED","variants":{"baseline":${valueJson(value, type)}},"defaultVariant":"baseline"}`;
    return [`${JSON.stringify(name)}:${flag}`];
  });
  return `{"flags":{${flags.join(',')}},"metadata":${JSON.stringify(metadata)}}`;
}
