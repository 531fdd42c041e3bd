import type { Task } from './task.ts';

/**
 * Milliseconds from one task to the next, by the middle half of the finish times, so that a few wrong dates do not
 * matter. `undefined` if there are too few tasks.
 */
export function millisecondsPerTask(
  tasks: readonly Pick<Task, 'finishTimeMs'>[],
): number | undefined {
  const times = tasks.map(({ finishTimeMs }) => finishTimeMs).sort((a, b) => a - b);
  const from = Math.floor(times.length / 4);
  const to = times.length - 1 - from;
  const span = (times[to] ?? 0) - (times[from] ?? 0);
  return to > from && span > 0 ? span / (to - from) : undefined;
}
