import type { Task } from '../domain/task.ts';
import { median } from './evidence/distributions.ts';

/** Drift: the median latency of the newest `DRIFT_TASKS` is at least `DRIFT_FACTOR` times the usual one. */
const DRIFT_TASKS = 30;
const DRIFT_FACTOR = 1.35;

/** Minimum number of tasks recorded between two trials of the same old value. */
export const RETRIAL_REST_TASKS = 1000;

type Timed = Pick<Task, 'latencyMs'>;

/** Median latency in milliseconds; 0 if no task has one. */
export function medianLatency(tasks: readonly Timed[]): number {
  return median(tasks.flatMap(({ latencyMs }) => latencyMs ?? []));
}

/**
 * Whether tasks have become so slow that a confirmed change's old value is tried again.
 *
 * @param tasks the newest ones, oldest first
 * @param usualMs median latency when the change was confirmed
 */
export function hasDrifted(tasks: readonly Timed[], usualMs: number): boolean {
  const newest = tasks.slice(-DRIFT_TASKS);
  return (
    usualMs > 0 && newest.length === DRIFT_TASKS && medianLatency(newest) >= DRIFT_FACTOR * usualMs
  );
}
