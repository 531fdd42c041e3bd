import type { Combination, CoordinationMetrics, MetricsReport } from '../domain/metrics.ts';
import type { MetricsSettings } from '../domain/settings.ts';
import { own } from '../domain/value.ts';

/** What rules see of the metrics that clients have reported. */
export interface CombinedMetrics {
  readonly metrics: CoordinationMetrics;
  /** Number of reports that are combined; 0 if all are too old: `metrics` is then the newest one. */
  readonly reporters: number;
  /** Age of the newest report. */
  readonly ageMs: number;
}

const COMBINE: Readonly<Record<Combination, (numbers: readonly number[]) => number>> = {
  sum,
  max: (numbers) => numbers.reduce((a, b) => Math.max(a, b)),
  mean: (numbers) => sum(numbers) / numbers.length,
};

/** How values that the config does not name are combined. */
const OTHER_VALUES: Combination = 'mean';

/**
 * Combines the newest report of each client, metric by metric. Returns `undefined` if there is no report.
 *
 * @param nowMs the loop's time
 */
export function combineMetrics(
  reports: Iterable<MetricsReport>,
  { maxAgeSeconds, combine }: MetricsSettings,
  nowMs: number,
): CombinedMetrics | undefined {
  const all = [...reports].sort((a, b) => a.reportTimeMs - b.reportTimeMs);
  const newest = all.at(-1);
  if (newest === undefined) return undefined;
  const sinceMs = maxAgeSeconds > 0 ? nowMs - maxAgeSeconds * 1000 : Number.NEGATIVE_INFINITY;
  const counting = all.filter(({ reportTimeMs }) => reportTimeMs >= sinceMs);
  const ageMs = nowMs - newest.reportTimeMs;
  if (counting.length === 0) return { metrics: newest.report, reporters: 0, ageMs };
  const each = counting.map(({ report }) => report);
  const metrics = {
    subAgentCount: COMBINE[combine.subAgentCount](each.map((one) => one.subAgentCount)),
    cpuPercent: COMBINE[combine.cpuPercent](each.map((one) => one.cpuPercent)),
    values: combineValues(each, combine.values),
    observeTimeMs: COMBINE.max(each.map((one) => one.observeTimeMs)),
  };
  return { metrics, reporters: each.length, ageMs };
}

/** Combines each value over the clients that report it. */
function combineValues(
  each: readonly CoordinationMetrics[],
  how: MetricsSettings['combine']['values'],
): Record<string, number> {
  const all = each.flatMap(({ values }) => Object.entries(values));
  const byName = Map.groupBy(all, ([name]) => name);
  return Object.fromEntries(
    [...byName].map(([name, entries]) => {
      const combine = COMBINE[own(how, name) ?? OTHER_VALUES];
      return [name, combine(entries.map(([, value]) => value))];
    }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
