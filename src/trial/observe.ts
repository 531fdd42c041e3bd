import type { MetricEffect } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import { logLatency } from './evidence/outcome.ts';

/** Statistics of some tasks, for a before/after comparison. Plain JSON. */
export interface Sample {
  readonly count: number;
  /** Mean and variance of the natural logarithm of latency; latencies below 1 ms count as 1 ms. */
  readonly meanLog: number;
  readonly varianceLog: number;
  readonly successes: number;
}

type ObservedTask = Pick<Task, 'latencyMs' | 'status'>;

export function sampleOf(tasks: readonly ObservedTask[]): Sample {
  const logs = tasks.flatMap(({ latencyMs }) =>
    latencyMs === undefined ? [] : [logLatency(latencyMs)],
  );
  const count = tasks.length;
  const meanLog = logs.reduce((sum, value) => sum + value, 0) / Math.max(logs.length, 1);
  const squares = logs.reduce((sum, value) => sum + (value - meanLog) ** 2, 0);
  return {
    count,
    meanLog,
    varianceLog: squares / Math.max(logs.length - 1, 1),
    successes: tasks.filter(({ status }) => status === 'success').length,
  };
}

/**
 * Compares samples from before and after a change: differences with 95 % intervals by the normal approximation. They
 * prove no cause, because of regression to the mean, so the e-values are 1.
 */
export function compareSamples(before: Sample, after: Sample): MetricEffect[] {
  const nothing = { eHarm: 1, eHelp: 1, eNotWorse: 1, margin: undefined };
  const tasks = { tasksOld: before.count, tasksNew: after.count, ...nothing };
  const spread = (a: number, b: number) =>
    1.96 * Math.sqrt(a / Math.max(before.count, 1) + b / Math.max(after.count, 1));
  const around = (metric: string, estimate: number, halfWidth: number): MetricEffect => ({
    metric,
    statistic: 'mean',
    estimate,
    lower: estimate - halfWidth,
    upper: estimate + halfWidth,
    ...tasks,
  });
  return [
    around(
      'latency',
      after.meanLog - before.meanLog,
      spread(before.varianceLog, after.varianceLog),
    ),
    around('success', rate(after) - rate(before), spread(binary(before), binary(after))),
  ];
}

function rate({ successes, count }: Sample): number {
  return successes / Math.max(count, 1);
}

/** Variance of a success, with a success and a failure added so that it is never 0. */
function binary({ successes, count }: Sample): number {
  const p = (successes + 1) / (count + 2);
  return p * (1 - p);
}
