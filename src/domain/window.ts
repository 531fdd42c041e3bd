import type { TaskStatus } from './task.ts';

/** What the newest tasks looked like. Latencies in milliseconds. */
export interface WindowStatistics {
  /** Tasks in the window. */
  readonly count: number;
  /** Arithmetic mean; a task without a latency counts as 0. */
  readonly avgLatencyMs: number;
  readonly p50LatencyMs: number;
  readonly p95LatencyMs: number;
  readonly p99LatencyMs: number;
  /** Share of successes, 0 to 1. */
  readonly successRate: number;
  /** Number of tasks by status; every status is a key. */
  readonly statuses: Readonly<Record<TaskStatus, number>>;
  /** Mean of each measurement over the tasks that carry it; of too many names, those that most tasks carry. */
  readonly measurements: Readonly<Record<string, number>>;
}

/** Statistics, and what is missing from them. */
export interface WindowSummary extends WindowStatistics {
  /** About how many names of measurements were left out. */
  readonly measurementNamesDropped: number;
}
