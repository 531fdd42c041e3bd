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
 * @param valueOf the utility by an expression; `undefined` if there is none
 */
export function withUtility<T extends UtilityTask>(
  task: T,
  metrics: readonly Metric[],
  valueOf: (expression: string, task: UtilityTask) => number | undefined,
): T {
  return metrics.reduce((told, { name, expression }) => {
    if (expression === undefined) return told;
    const { [name]: _, ...others } = told.measurements;
    const value = valueOf(expression, task);
    const measurements = value === undefined ? others : { ...others, [name]: value };
    return { ...told, measurements };
  }, task);
}
