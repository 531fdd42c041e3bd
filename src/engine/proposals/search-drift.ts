import type { Task } from '../../domain/task.ts';
import type { Usual } from '../../search/state.ts';
import { medianLatency } from '../../trial/drift.ts';

/** Number of a champion's first and newest tasks whose latencies are compared, and the factor by which it is bad. */
const COMPARED_TASKS = 60;
const SLOWER = 1.65;

/** A champion is bad, too, if this many of its newest tasks failed and at most half of its first did. */
const NEWEST_TASKS = 20;
const FAILED_TASKS = 16;
const USUAL_FAILED = 0.5;

type Ended = Pick<Task, 'status' | 'latencyMs'>;

/** How a champion's first tasks ended; `undefined` while there are too few. */
export function usualOf(tasks: readonly Ended[]): Usual | undefined {
  const first = tasks.slice(0, COMPARED_TASKS);
  if (first.length < COMPARED_TASKS) return undefined;
  return { latencyMs: medianLatency(first), failed: first.filter(hasFailed).length / first.length };
}

/**
 * Whether a champion has become so bad that its search begins anew.
 *
 * @param tasks the newest ones of a time in which all ran with the champion, oldest first
 */
export function isWorse(tasks: readonly Ended[], usual: Usual | undefined): boolean {
  if (usual === undefined) return false;
  const failed = tasks.slice(-NEWEST_TASKS).filter(hasFailed).length;
  if (failed >= FAILED_TASKS && usual.failed <= USUAL_FAILED) return true;
  const newest = tasks.slice(-COMPARED_TASKS);
  return newest.length === COMPARED_TASKS && medianLatency(newest) >= SLOWER * usual.latencyMs;
}

function hasFailed({ status }: Ended): boolean {
  return status !== 'success' && status !== 'cancelled';
}
