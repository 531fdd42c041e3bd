import type { Timeline } from '../api/answers.ts';
import { countOf, duration, percent } from '../words/number.ts';
import type { ChartData } from './chart-data.ts';

/** What the charts of the timeline draw; x is in seconds of Unix time. */
export interface TimelineCharts {
  readonly latency: ChartData;
  readonly success: ChartData;
  readonly rate: ChartData;
  /** In words. */
  readonly summary: string;
}

export function chartsOf({ stepMs, buckets }: Timeline): TimelineCharts {
  const xs = buckets.map(({ time }) => new Date(time).getTime() / 1000);
  const tasks = buckets.reduce((sum, bucket) => sum + bucket.tasks, 0);
  const successes = buckets.reduce((sum, bucket) => sum + bucket.successes, 0);
  const newest = buckets.findLast(({ p50 }) => p50 !== undefined);
  const latency = newest === undefined ? '' : `, newest median ${duration(newest.p50 ?? 0)}`;
  const rate = tasks === 0 ? '' : `, ${percent(successes / tasks)} successful${latency}`;
  return {
    latency: [xs, buckets.map(({ p50 }) => p50 ?? null), buckets.map(({ p95 }) => p95 ?? null)],
    success: [xs, buckets.map((one) => (one.tasks === 0 ? null : one.successes / one.tasks))],
    rate: [xs, buckets.map((one) => (one.tasks * 60_000) / stepMs)],
    summary: `${countOf(tasks, 'task')}${rate}.`,
  };
}
