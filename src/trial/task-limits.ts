import type { TrialPlan } from './plan.ts';
import type { Trial } from './trial.ts';

/** Maximum number of tasks that a trial assigns. A block counts as `blockTasks`, however many tasks run in it. */
export const MAX_TASKS = 200;

/**
 * The same limit for a trial whose new value is already live, and stays live unless harm is found.
 * Comparing more tasks does not expose more of them to the new value, and 200 tasks in blocks are too few to
 * find most losses of 20 points of success. Likewise for a p95, of which one task in 20 tells something.
 */
const MAX_TASKS_IF_LONG = 1000;

/** Maximum number of tasks that a trial assigns an arm, tasks that a pause left out included. */
export const MAX_DISPATCHED = 2000;

/** The number of tasks that may still be assigned an arm in this stage. */
export function tasksLeft({ stage, plan, assigned, dispatched }: Trial): number {
  if (stage === 'probation') return plan.probationTasks - assigned;
  return Math.min(maxTasks(plan) - assigned, MAX_DISPATCHED - dispatched);
}

/** Maximum number of tasks that a trial compares, without those of its probation. */
export function maxTasks(plan: Pick<TrialPlan, 'isApplied' | 'primary'>): number {
  return isLong(plan) ? MAX_TASKS_IF_LONG : MAX_TASKS;
}

/** Whether a trial takes more tasks than others. */
export function isLong({ isApplied, primary }: Pick<TrialPlan, 'isApplied' | 'primary'>): boolean {
  return isApplied === true || primary.statistic === 'p95';
}
