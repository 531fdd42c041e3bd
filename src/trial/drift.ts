import type { Task } from '../domain/task.ts';
import { median } from './distributions.ts';

/** Newest tasks that drift is seen by, and how much slower than usual they are then. */
const DRIFT_TASKS = 30;
const DRIFT_FACTOR = 1.35;

/** Tasks that pass before the value before the same change is tried again. */
export const RETRIAL_REST_TASKS = 1000;

type Timed = Pick<Task, 'latencyMs'>;

/** Median latency in milliseconds; 0 where none is known. */
export function medianLatency(tasks: readonly Timed[]): number {
  return median(tasks.flatMap(({ latencyMs }) => latencyMs ?? []));
}

/**
 * Whether tasks have become so much slower that the value before a confirmed change is to be tried
 * again.
 *
 * @param tasks the newest ones, oldest first
 * @param usualMs median latency when it was confirmed
 */
export function hasDrifted(tasks: readonly Timed[], usualMs: number): boolean {
  const newest = tasks.slice(-DRIFT_TASKS);
  return (
    usualMs > 0 && newest.length === DRIFT_TASKS && medianLatency(newest) >= DRIFT_FACTOR * usualMs
  );
}
