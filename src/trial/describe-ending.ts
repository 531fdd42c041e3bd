import type { DeltaEffect } from '../domain/effect.ts';
import type { HarmResponse } from '../domain/rule.ts';
import { describeMetrics } from './effect.ts';
import { ALPHA, type Finding } from './verdict.ts';

/** What else is said of a trial's end. */
interface Circumstances {
  /** The live value is not the trial's: it was left alone. */
  readonly isForeign?: boolean;
  /** Where harm was found: what follows. */
  readonly onHarm?: HarmResponse | undefined;
}

const AFTER_HARM: Readonly<Record<HarmResponse, string>> = {
  revert: '',
  pause: '. All trials are paused until somebody resumes them',
  notify: '. The old value is in force; somebody is to approve or to reject it',
};

/** What a trial found and how sure that is, in words. */
export function describeEnding(
  { verdict, reason }: Finding,
  { metrics, tasksUsed }: Omit<DeltaEffect, 'verdict'>,
  { isForeign = false, onHarm }: Circumstances = {},
): string {
  const found = metrics.length === 0 ? '' : `: ${describeMetrics(metrics)}`;
  const sureness = `an error of this kind comes in at most ${ALPHA * 100} % of trials`;
  const finding = {
    helped: `Helped, in ${tasksUsed} tasks${found}; ${sureness}`,
    harmed: `Harmed, in ${tasksUsed} tasks${found}; ${sureness}`,
    inconclusive: `Inconclusive: ${reason}${found}`,
    invalid: `Invalid: ${reason}${found}`,
  }[verdict];
  const foreign = isForeign ? '. The live value was set by somebody else and was left alone' : '';
  return finding + (onHarm === undefined ? '' : AFTER_HARM[onHarm]) + foreign;
}
