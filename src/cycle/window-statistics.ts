import { quantile } from '../domain/quantile.ts';
import type { Sliced } from '../domain/slices.ts';
import { TASK_STATUSES, type Task, type TaskStatus } from '../domain/task.ts';
import type { WindowSummary } from '../domain/window.ts';

/**
 * Statistics of tasks, oldest first. Without tasks every number is 0; an absent latency counts as 0.
 *
 * @param asked names of measurements that are never left out
 */
export function* summarize(
  tasks: readonly Task[],
  asked: ReadonlySet<string> = new Set(),
): Sliced<WindowSummary> {
  const latencies = Float64Array.from(tasks, (task) => task.latencyMs ?? 0);
  const statuses = countStatuses(tasks);
  // Summed before sorting, so that the mean is that of a plain loop over the tasks.
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
    ...(yield* meanMeasurements(tasks, asked)),
  };
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

/** Maximum number of measurement names that a window has means of: four times as many as a task may carry. */
const MAX_MEASUREMENT_NAMES = 256;

/** Maximum number of names counted at the same time, to bound the memory (some megabytes). */
const MAX_CANDIDATES = 16_384;

type Sums = Map<string, { total: number; count: number }>;

function* meanMeasurements(
  tasks: readonly Task[],
  asked: ReadonlySet<string>,
): Sliced<Pick<WindowSummary, 'measurements' | 'measurementNamesDropped'>> {
  const all = yield* sumsOf(tasks);
  if (all !== undefined) return { measurements: meansOf(all), measurementNamesDropped: 0 };
  const { names, dropped } = yield* commonestNames(tasks, asked);
  const sums = (yield* sumsOf(tasks, names)) ?? new Map();
  return { measurements: meansOf(sums), measurementNamesDropped: dropped };
}

/**
 * Sums of measurements, in order of arrival; `undefined` if there are too many names.
 *
 * @param names the names that are summed; all if absent
 */
function* sumsOf(tasks: readonly Task[], names?: ReadonlySet<string>): Sliced<Sums | undefined> {
  const sums: Sums = new Map();
  for (const { measurements } of tasks) {
    for (const [key, value] of Object.entries(measurements)) {
      if (names !== undefined && !names.has(key)) continue;
      const entry = sums.get(key) ?? { total: 0, count: 0 };
      entry.total += value;
      entry.count += 1;
      sums.set(key, entry);
    }
    if (sums.size > MAX_MEASUREMENT_NAMES) return undefined;
    yield;
  }
  return sums;
}

function meansOf(sums: Sums): Record<string, number> {
  return Object.fromEntries([...sums].map(([key, { total, count }]) => [key, total / count]));
}

/**
 * Chooses up to `MAX_MEASUREMENT_NAMES` names: first those of `asked`, then those that the most tasks carry, with ties
 * broken by name. `dropped` is the number of other names. At most `MAX_CANDIDATES` names are counted at a time: when
 * there are more, the rarest are removed, and are counted as new names if they occur again.
 */
function* commonestNames(
  tasks: readonly Task[],
  asked: ReadonlySet<string>,
): Sliced<{ names: ReadonlySet<string>; dropped: number }> {
  let counts = new Map<string, number>();
  let dropped = 0;
  for (const { measurements } of tasks) {
    for (const key of Object.keys(measurements)) counts.set(key, (counts.get(key) ?? 0) + 1);
    yield;
    if (counts.size <= MAX_CANDIDATES) continue;
    const kept = withoutRarest(counts);
    dropped += counts.size - kept.size;
    counts = kept;
  }
  const ordered = [...counts].sort(
    ([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1),
  );
  const names = new Set(asked);
  for (const [name] of ordered) {
    if (names.size >= MAX_MEASUREMENT_NAMES) break;
    names.add(name);
  }
  const left = ordered.filter(([name]) => !names.has(name)).length;
  return { names, dropped: dropped + left };
}

/** Removes the rarest names until at most half of `MAX_CANDIDATES` are left. */
function withoutRarest(counts: ReadonlyMap<string, number>): Map<string, number> {
  let kept = new Map(counts);
  for (let least = 1; kept.size > MAX_CANDIDATES / 2; least += 1) {
    kept = new Map([...kept].filter(([, count]) => count > least));
  }
  return kept;
}
