import type { Attributes, Scalar } from '../domain/otlp.ts';
import type { Evaluation } from './span.ts';

const KEY = 'feature_flag.key';
const ID = 'feature_flag.context.id';
const VARIANT = 'feature_flag.result.variant';
const REASON = 'feature_flag.result.reason';
const VERSION = 'feature_flag.version';
/** As hooks wrote them before conventions changed. */
const FORMER_VARIANT = 'feature_flag.variant';
const FORMER_REASON = 'feature_flag.evaluation.reason';

/** Stand for longer texts, which evaluations must not hold in memory: no task has such an id, and no arm is named so. */
const LONG_ID = 'x'.repeat(257);
const LONG_VARIANT = 'x'.repeat(33);

/** Attributes of an evaluation that are looked at. */
export const EVALUATION_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...[KEY, ID, VARIANT, REASON, VERSION, FORMER_VARIANT, FORMER_REASON],
]);

/** The evaluation that attributes tell of; `undefined` if it names no flag, or no targeting key. */
export function evaluationOf(attributes: Attributes): Evaluation | undefined {
  const parameter = textOf(attributes[KEY]);
  const id = boundedText(attributes[ID], LONG_ID);
  if (parameter === '' || id === '') return undefined;
  const reason = textOf(attributes[REASON] ?? attributes[FORMER_REASON]).toLowerCase();
  const sequence = Number(attributes[VERSION] ?? 0);
  return {
    id,
    parameter,
    variant: boundedText(attributes[VARIANT] ?? attributes[FORMER_VARIANT], LONG_VARIANT),
    isError: reason === 'error',
    sequence: Number.isSafeInteger(sequence) && sequence > 0 ? sequence : 0,
  };
}

function boundedText(value: Scalar | undefined, long: string): string {
  const text = textOf(value);
  return text.length < long.length ? text : long;
}

function textOf(value: Scalar | undefined): string {
  return value === undefined ? '' : String(value);
}
