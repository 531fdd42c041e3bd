import type { Utility, UtilityTask } from '../domain/utility.ts';
import { mean } from '../trial/evidence/distributions.ts';
import { spreadOf } from './goal.ts';
import type { Kind, Outlook } from './planted.ts';
import { createRandom } from './random.ts';

/** Tasks by which an expectation is taken, of those that succeed and of those that fail. */
const DRAWS = 32;

/**
 * The expected utility of a task. The same chance is used for all values, so that differences are of the values.
 * Tasks that the utility cannot be computed for are left out.
 */
export function expectedUtility(utility: Utility, kind: Kind, outlook: Outlook): number {
  const random = createRandom(`utility/${kind.name}`);
  const succeeded: number[] = [];
  const failed: number[] = [];
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const latencyMs = Math.exp(outlook.logLatency + kind.spread * random.normal());
    const measured = Object.entries(outlook.logMeasurements).map(([name, log]) => [
      name,
      Math.exp(log + spreadOf(kind, name) * random.normal()),
    ]);
    const task = { latencyMs, measurements: Object.fromEntries(measured) };
    succeeded.push(...valuesOf(utility, { ...task, status: 'success' }));
    failed.push(...valuesOf(utility, { ...task, status: 'failure' }));
  }
  const { success } = outlook;
  return success * mean(succeeded) + (1 - success) * mean(failed);
}

function valuesOf(utility: Utility, task: UtilityTask): number[] {
  try {
    return [utility(task)];
  } catch {
    return [];
  }
}
