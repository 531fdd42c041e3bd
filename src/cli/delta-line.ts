import { type DescEnum, toJson } from '@bufbuild/protobuf';
import { type Timestamp, timestampDate, type Value, ValueSchema } from '@bufbuild/protobuf/wkt';
import { placeName } from '../domain/cohort.ts';
import { type Delta, DeltaOperationSchema } from '../gen/learning/v1/delta_pb.ts';

/** `target operation old -> new (score=…) by rule: why`; reverts, overrides and switches are marked as such. */
export function describeDelta(delta: Delta): string {
  const operation = wordOf(DeltaOperationSchema, delta.operation);
  const change = `${placeOf(delta)} ${operation} ${showValues(delta)}`;
  const { trialDeltaId, revertsDeltaId, reasoning } = delta;
  if (revertsDeltaId !== '') return `${change} (revert of ${revertsDeltaId}) ${reasoning}`;
  if (trialDeltaId !== '') return `${change} (switch, trial of ${trialDeltaId}) ${reasoning}`;
  if (delta.cycleNumber === 0n) return `${change} (override) ${reasoning}`;
  const score = `score=${showScore(delta)}`;
  const summary = delta.effect?.summary ?? '';
  const after = summary === '' ? '' : `. ${summary}`;
  return `${change} (${score}) by ${delta.ruleId}: ${reasoning}${after}`;
}

/** Whether a delta is a trial's switch that leaves the value as it was. */
export function isIdleSwitch({ trialDeltaId, oldValue, newValue }: Delta): boolean {
  return trialDeltaId !== '' && show(oldValue) === show(newValue);
}

/** `target old -> new`. */
export function describeChange(delta: Delta): string {
  return `${placeOf(delta)} ${showValues(delta)}`;
}

function placeOf({ target, cohort }: Delta): string {
  return placeName({ target, cohort });
}

/** Parameters as `a=1, b="x"`, sorted by name. */
export function describeParameters(parameters: Readonly<Record<string, Value>>): string {
  const names = Object.keys(parameters).sort();
  return names.map((name) => `${name}=${show(parameters[name])}`).join(', ');
}

/** A time in ISO 8601 with milliseconds; `-` if missing. */
export function showTime(time: Timestamp | undefined): string {
  return time === undefined ? '-' : timestampDate(time).toISOString();
}

/** A score to one decimal: what was learned of a rule moves the scores of its deltas by fractions. */
function showScore({ evaluation }: Delta): string {
  return evaluation === undefined ? 'none' : String(Number(evaluation.overallScore.toFixed(1)));
}

/** `old -> new`. */
export function showValues({ oldValue, newValue }: Pick<Delta, 'oldValue' | 'newValue'>): string {
  return `${show(oldValue)} -> ${show(newValue)}`;
}

/** A value as JSON; `nothing` if there is none. */
function show(value: Value | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(toJson(ValueSchema, value));
}

/** The name of an enum's value, without its prefix: `adjust` for `DELTA_OPERATION_ADJUST`. */
export function wordOf(schema: DescEnum, number: number): string {
  return schema.value[number]?.localName.toLowerCase() ?? String(number);
}
