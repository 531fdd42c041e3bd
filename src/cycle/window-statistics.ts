import { TASK_STATUSES, type Task, type TaskStatus } from '../domain/task.ts';
import type { WindowStatistics } from '../domain/window.ts';

/**
 * Statistics of some tasks, oldest first. Of none, every number is 0; so is a latency that was not
 * measured.
 */
export function summarize(tasks: readonly Task[]): WindowStatistics {
  const latencies = Float64Array.from(tasks, (task) => task.latencyMs ?? 0);
  const statuses = countStatuses(tasks);
  // Summed in order of arrival, before sorting: the mean is then the same as any plain loop's.
  const avgLatencyMs = tasks.length === 0 ? 0 : sum(latencies) / tasks.length;
  latencies.sort();
  return {
    count: tasks.length,
    avgLatencyMs,
    p50LatencyMs: quantile(latencies, 0.5),
    p95LatencyMs: quantile(latencies, 0.95),
    p99LatencyMs: quantile(latencies, 0.99),
    successRate: tasks.length === 0 ? 0 : statuses.success / tasks.length,
    statuses,
    measurements: meanMeasurements(tasks),
  };
}

/**
 * Quantile of a sorted sample by linear interpolation between the two closest ranks: definition 7
 * of Hyndman & Fan, "Sample Quantiles in Statistical Packages" (1996). 0 for an empty sample.
 */
export function quantile(sorted: Float64Array, q: number): number {
  const rank = (sorted.length - 1) * q;
  const below = sorted[Math.floor(rank)] ?? 0;
  const above = sorted[Math.ceil(rank)] ?? 0;
  return below + (above - below) * (rank - Math.floor(rank));
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function countStatuses(tasks: readonly Task[]): Record<TaskStatus, number> {
  const counts = Object.fromEntries(TASK_STATUSES.map((status) => [status, 0])) as Record<
    TaskStatus,
    number
  >;
  for (const task of tasks) counts[task.status] += 1;
  return counts;
}

function meanMeasurements(tasks: readonly Task[]): Record<string, number> {
  const sums = new Map<string, { total: number; count: number }>();
  for (const task of tasks) {
    for (const [key, value] of Object.entries(task.measurements)) {
      const entry = sums.get(key) ?? { total: 0, count: 0 };
      entry.total += value;
      entry.count += 1;
      sums.set(key, entry);
    }
  }
  return Object.fromEntries([...sums].map(([key, { total, count }]) => [key, total / count]));
}
