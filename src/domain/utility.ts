import type { Metric } from './effect.ts';
import type { Task } from './task.ts';

/** What a utility sees of a task. */
export type UtilityTask = Pick<Task, 'status' | 'latencyMs' | 'measurements'>;

/** The utility of a task: more is better. Throws an `Error` where the expression has no number for the task. */
export type Utility = (task: UtilityTask) => number;

/**
 * A task with the measurement of each metric that is computed. One that cannot be computed is missing, also where the
 * task reports a measurement of that name.
 *
 * @param utilityOf the utility by an expression; `undefined` if there is none
 */
export function withUtility<T extends UtilityTask>(
  task: T,
  metrics: readonly Metric[],
  utilityOf: (expression: string, task: UtilityTask) => number | undefined,
): T {
  const computed = metrics.filter(({ expression }) => expression !== undefined);
  if (computed.length === 0) return task;
  const measurements: Record<string, number> = { ...task.measurements };
  for (const { name, expression = '' } of computed) {
    delete measurements[name];
    const value = utilityOf(expression, task);
    if (value !== undefined) measurements[name] = value;
  }
  return { ...task, measurements };
}
