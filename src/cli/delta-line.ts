import { type DescEnum, toJson } from '@bufbuild/protobuf';
import { type Timestamp, timestampDate, type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import { type Delta, DeltaOperationSchema } from '../gen/learning/v1/delta_pb.ts';

/** `target operation old -> new (score=…) by rule: why`; reverts and overrides say what they are. */
export function describeDelta(delta: Delta): string {
  const operation = wordOf(DeltaOperationSchema, delta.operation);
  const change = `${delta.target} ${operation} ${show(delta.oldValue)} -> ${show(delta.newValue)}`;
  if (delta.revertsDeltaId !== '') {
    return `${change} (revert of ${delta.revertsDeltaId}) ${delta.reasoning}`;
  }
  if (delta.cycleNumber === 0n) return `${change} (override) ${delta.reasoning}`;
  const score = `score=${delta.evaluation?.overallScore ?? 'none'}`;
  const trial = delta.trialDeltaId === '' ? '' : `, trial of ${delta.trialDeltaId}`;
  const summary = delta.effect?.summary ?? '';
  const after = summary === '' ? '' : `. ${summary}`;
  return `${change} (${score}${trial}) by ${delta.ruleId}: ${delta.reasoning}${after}`;
}

/** Parameters as `a=1, b="x"`, by name. */
export function describeParameters(parameters: Readonly<Record<string, Value>>): string {
  const names = Object.keys(parameters).sort();
  return names.map((name) => `${name}=${show(parameters[name])}`).join(', ');
}

/** A moment in ISO 8601, to the millisecond; `-` where there is none. */
export function showTime(time: Timestamp | undefined): string {
  return time === undefined ? '-' : timestampDate(time).toISOString();
}

/** As JSON. */
function show(value: Value | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(toJson(ValueSchema, value));
}

/** `DELTA_OPERATION_ADJUST` as `adjust`. */
function wordOf(schema: DescEnum, number: number): string {
  return schema.value[number]?.localName.toLowerCase() ?? String(number);
}
