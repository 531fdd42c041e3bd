import type { Timeline, TimelineBucket } from '../api/answers.ts';
import { countOf, duration, percent } from '../words/number.ts';
import type { ChartData } from './chart-data.ts';

/** More than any span has. */
const MAX_SLOTS = 5000;

/** What the charts of the timeline draw; x is in seconds of Unix time. */
export interface TimelineCharts {
  readonly latency: ChartData;
  readonly success: ChartData;
  readonly rate: ChartData;
  /** In words. */
  readonly summary: string;
}

export function chartsOf({ stepMs, buckets }: Timeline): TimelineCharts {
  const all = withEmpty(stepMs, buckets);
  const xs = all.map(({ ms }) => ms / 1000);
  const tasks = buckets.reduce((sum, bucket) => sum + bucket.tasks, 0);
  const successes = buckets.reduce((sum, bucket) => sum + bucket.successes, 0);
  const newest = buckets.findLast(({ p50 }) => p50 !== undefined);
  const latency = newest === undefined ? '' : `, newest median ${duration(newest.p50 ?? 0)}`;
  const rate = tasks === 0 ? '' : `, ${percent(successes / tasks)} successful${latency}`;
  return {
    latency: [
      xs,
      all.map(({ found }) => found?.p50 ?? null),
      all.map(({ found }) => found?.p95 ?? null),
    ],
    success: [
      xs,
      all.map(({ found }) => (found === undefined ? null : found.successes / found.tasks)),
    ],
    rate: [xs, all.map(({ found }) => ((found?.tasks ?? 0) * 60_000) / stepMs)],
    summary: `${countOf(tasks, 'task')}${rate}.`,
  };
}

interface Slot {
  readonly ms: number;
  /** Absent without tasks. */
  readonly found: TimelineBucket | undefined;
}

/** The buckets, and those between them that have no tasks and are not served. */
function withEmpty(stepMs: number, buckets: readonly TimelineBucket[]): Slot[] {
  const slots: Slot[] = [];
  for (const found of buckets) {
    const ms = new Date(found.time).getTime();
    let next = (slots.at(-1)?.ms ?? ms) + stepMs;
    for (; slots.length > 0 && next < ms && slots.length < MAX_SLOTS; next += stepMs) {
      slots.push({ ms: next, found: undefined });
    }
    slots.push({ ms, found });
  }
  return slots;
}
