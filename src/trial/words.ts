import type { DeltaEffect } from '../domain/effect.ts';
import { describeMetrics } from './effect.ts';
import { ALPHA, type Finding } from './verdict.ts';

/**
 * What a trial found and how sure that is, in words.
 *
 * @param isForeign the live value is neither of the trial's: it was left alone
 */
export function describeEnding(
  { verdict, reason }: Finding,
  { metrics, tasksUsed }: Omit<DeltaEffect, 'verdict'>,
  isForeign: boolean,
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
  return finding + foreign;
}
