import type { TaskStatus } from '../domain/task.ts';

/** What a task of a trial ended with. Plain JSON. */
export interface Outcome {
  /** `lost`: no report came within the outcome timeout. */
  readonly status: TaskStatus | 'lost';
  /** As measured, in milliseconds; absent where the report had none. */
  readonly latencyMs?: number;
  /** Those that the trial looks at; of each, only where the report had it. */
  readonly measurements: Readonly<Record<string, number>>;
}

/** A task of which no report came in time. */
export const LOST: Outcome = { status: 'lost', measurements: {} };

export function hasSucceeded({ status }: Outcome): boolean {
  return status === 'success';
}

/** 1 where the task succeeded, else 0. */
export function successOf(outcome: Outcome): number {
  return hasSucceeded(outcome) ? 1 : 0;
}

/** A latency below this counts as this, in milliseconds, so that its logarithm is finite. */
const MIN_LATENCY_MS = 1;

/** Natural logarithm of a latency in milliseconds, of 1 ms at least. */
export function logLatency(latencyMs: number): number {
  return Math.log(Math.max(latencyMs, MIN_LATENCY_MS));
}
