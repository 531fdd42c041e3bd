import type { TaskStatus } from '../../domain/task.ts';

/** How a task of a trial ended. Plain JSON. */
export interface Outcome {
  /** `lost`: no report came within the outcome timeout. */
  readonly status: TaskStatus | 'lost';
  /** In milliseconds; absent if the report had none. */
  readonly latencyMs?: number;
  /** The report's measurements that are metrics of the plan. */
  readonly measurements: Readonly<Record<string, number>>;
}

/** The outcome of a task that timed out. */
export const LOST: Outcome = { status: 'lost', measurements: {} };

export function hasSucceeded({ status }: Outcome): boolean {
  return status === 'success';
}

export function isCancelled({ status }: Outcome): boolean {
  return status === 'cancelled';
}

/** 1 if the task succeeded, else 0. */
export function successOf(outcome: Outcome): number {
  return hasSucceeded(outcome) ? 1 : 0;
}

/** Shorter latencies count as this, in milliseconds, so that the logarithm is finite. */
const MIN_LATENCY_MS = 1;

/** Natural logarithm of a latency in milliseconds, at least 1 ms. */
export function logLatency(latencyMs: number): number {
  return Math.log(Math.max(latencyMs, MIN_LATENCY_MS));
}
