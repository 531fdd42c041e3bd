import type { Cohort } from '../domain/cohort.ts';
import type { Guard, Metric } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import { millisecondsPerTask } from '../domain/task-interval.ts';
import { own, type Value } from '../domain/value.ts';
import { quantileOf } from './evidence/distributions.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Scale } from './evidence/pair-score.ts';
import { kindOf, type Seen } from './predict.ts';

/** Formats of trials in blocks in which late reports did not count. */
export const EARLIER_FORMATS_OF_BLOCKS: readonly unknown[] = [2, 3];

/** Version of a trial's plan and steps. Trials of an earlier version end when their ledger is opened. */
export function formatOf(assignment: Scale['assignment']): number {
  return assignment === 'task' ? 2 : 4;
}

/** The cohorts that a trial of all tells apart. Plain JSON. */
export interface PlannedCohorts {
  readonly label: string;
  /** 2 to 5 values. Tasks with another one, or without the label, count for all tasks alone. */
  readonly values: readonly string[];
}

/** The parameters of a trial, fixed until it ends. Plain JSON. */
export interface TrialPlan extends Scale {
  /** The result of `formatOf`; absent in ledgers of the first releases. */
  readonly format: number;
  readonly deltaId: string;
  readonly ruleId: string;
  /** Hash of the rule's text. */
  readonly fingerprint: string;
  readonly target: string;
  /** The only tasks that the trial takes, and that get its value; absent: all. */
  readonly cohort?: Cohort | undefined;
  /** The cohorts that the trial of all tells apart; absent: none. */
  readonly cohorts?: PlannedCohorts | undefined;
  /** The trial of all that has decided for `cohort`, and whose evidence of it `carried` is. */
  readonly splitFrom?: string | undefined;
  /** The value before the change; `undefined` if there is no such parameter. */
  readonly oldValue: Value | undefined;
  readonly newValue: Value | undefined;
  /** Base of repeatable seeds; without it, seeds come from the ledger's secret. */
  readonly seed: string | undefined;
  /** The confirmed delta whose old value is tried again; `undefined` if a rule proposed the change. */
  readonly retrialOf: string | undefined;
  /** Whether the new value was put in force when the trial began, to stay live unless it harms. */
  readonly isApplied?: boolean;
  /** Parameters that must not be on trial beside this one; absent: none may be. */
  readonly interferesWith?: readonly string[];
  /** Share of tasks that may run on the new value until it is confirmed; absent: no bound. */
  readonly budget?: number;
  /** Milliseconds after the switch to a block within which tasks that begin do not count for it; absent: all count. */
  readonly settleMs?: number;
  /** Whether it is a race of a search: it ends once the new value has helped, and that value is in force then. */
  readonly isRace?: true;
  /** Whether the new value is in force already, since it has won races: the trial begins on probation. */
  readonly isFinal?: true;
  readonly primary: Metric;
  readonly guards: readonly Guard[];
  /** Number of reports at which a block ends. */
  readonly blockTasks: number;
  /** Labels that are equal within a pair; empty: tasks are paired by predicted latency. */
  readonly pairBy: readonly string[];
  /** Number of assignments after which a waiting task is paired with any task. */
  readonly pairWaitTasks: number;
  /** Labels from which latency is predicted. */
  readonly predictBy: readonly string[];
  /** Tasks before the trial, oldest first; empty if nothing is predicted. */
  readonly history: readonly Seen[];
  readonly outcomeTimeoutMs: number;
  /** How long a block waits for `blockTasks` reports, if longer than `outcomeTimeoutMs`; absent: not longer. */
  readonly blockTimeoutMs?: number;
  readonly maxMs: number;
  /** E-value of help at which the value is put in force. */
  readonly sufficient: number;
  readonly probationTasks: number;
  readonly probationMs: number;
  /** Share of tasks that keep the old value once the new one is confirmed; 0: none. */
  readonly holdback: number;
  /** By metric: the limit at which amounts are clipped in gains; a metric that is not named is not clipped. */
  readonly clips: Readonly<Record<string, number>>;
  /** By metric of gains: the p99 of its absolute value before the trial; absent in plans of earlier releases. */
  readonly large?: Readonly<Record<string, number>>;
  /** Evidence of an earlier trial of the same change. */
  readonly carried: Evidence | undefined;
}

/** Whether there is a holdback after confirmation; a switchback trial has none. */
export function hasHoldback({ holdback, assignment }: TrialPlan): boolean {
  return holdback > 0 && assignment === 'task';
}

/** Number of the newest tasks from which a plan is measured. */
export const MEASURED_TASKS = 100;

/** A failure's latency below this share of the p95 latency is ignored. */
const FLOOR_SHARE = 0.01;

/** The outcome timeout is this many times the longest recent time to a report. */
const TIMEOUT_FACTOR = 3;
const MIN_OUTCOME_TIMEOUT_MS = 60_000;
export const MAX_OUTCOME_TIMEOUT_MS = 3_600_000;

/** A longer time to a report is considered an error of the report. */
const DAY_MS = 86_400_000;

/** Factor instead of `TIMEOUT_FACTOR` where even this one leads beyond `MAX_OUTCOME_TIMEOUT_MS`. */
export const LEAST_FACTOR = 1.5;

/** Share of the tasks before the trial that exceed, for `p95`. */
const EXCEEDED = 0.95;

/** The metric of a plan: a `p95` with the value above which tasks exceed, by the tasks before the trial. */
export function measureMetric(metric: Metric, tasks: readonly MeasuredTask[]): Metric {
  if (metric.statistic !== 'p95') return metric;
  const values =
    metric.kind === 'latency'
      ? latenciesOf(tasks)
      : tasks.flatMap(({ measurements }) => own(measurements, metric.name) ?? []);
  return { ...metric, exceeds: quantileOf(values, EXCEEDED) };
}

type MeasuredTask = Pick<Task, 'status' | 'latencyMs' | 'measurements' | 'labels' | 'reportMs'>;

/**
 * Measures the newest tasks, cancelled ones excluded. The timeout is the p99 latency of successes, or
 * of all tasks if none succeeded.
 *
 * @param timeoutMs the configured timeout, which overrides the measured one
 */
export function measureScale(
  tasks: readonly MeasuredTask[],
  timeoutMs?: number,
): Omit<Scale, 'assignment'> {
  const ended = tasks.filter(({ status }) => status !== 'cancelled');
  const successes = ended.filter(({ status }) => status === 'success');
  const latencies = latenciesOf(ended);
  const ofSuccesses = latenciesOf(successes);
  const measured = quantileOf(ofSuccesses.length > 0 ? ofSuccesses : latencies, 0.99);
  return {
    timeoutMs: timeoutMs ?? measured,
    floorMs: FLOOR_SHARE * quantileOf(latencies, 0.95),
    successRate: (successes.length + 1) / (ended.length + 2),
  };
}

/**
 * The outcome timeout in milliseconds, by how long recent reports took.
 *
 * @param longestMs the longest time to a report in an earlier trial of the same change
 */
export function measureOutcomeTimeout(tasks: readonly MeasuredTask[], longestMs = 0): number {
  const times = tasks.map(({ reportMs, latencyMs }) => reportMs ?? latencyMs ?? 0);
  const longest = Math.max(longestMs, ...times);
  const most = Math.max(MAX_OUTCOME_TIMEOUT_MS, Math.min(LEAST_FACTOR * longest, DAY_MS));
  return Math.min(Math.max(TIMEOUT_FACTOR * longest, MIN_OUTCOME_TIMEOUT_MS), most);
}

/**
 * A block waits this many times as long as its tasks take to arrive on average: tasks may come in bursts, and an
 * orchestrator that is idle overnight has lost none.
 */
const BLOCK_PATIENCE = 6;

/** How long a block waits for its tasks, in milliseconds, by the pace of the newest tasks; `undefined` if unknown. */
export function measureBlockTimeout(
  tasks: readonly Pick<Task, 'finishTimeMs'>[],
  blockTasks: number,
): number | undefined {
  const msPerTask = millisecondsPerTask(tasks);
  return msPerTask && BLOCK_PATIENCE * blockTasks * msPerTask;
}

/** The tasks from which the first predictions are made. */
export function measureHistory(
  tasks: readonly MeasuredTask[],
  predictBy: readonly string[],
): readonly Seen[] {
  if (predictBy.length === 0) return [];
  return tasks.flatMap(({ labels, latencyMs }): Seen[] =>
    latencyMs === undefined ? [] : [[kindOf(labels, predictBy), latencyMs]],
  );
}

/**
 * Latencies are clipped in gains at this many times their p99 before the trial: one task cannot dominate the gains, and
 * tasks may become slower later without gains being understated.
 */
const CLIP_FACTOR = 4;

/** The p99 of the absolute values of latency and of each measurement, if above 0. */
export function measureLarge(tasks: readonly MeasuredTask[]): Record<string, number> {
  const names = new Set(tasks.flatMap(({ measurements }) => Object.keys(measurements)));
  const found = [...names].map((name) => {
    const sizes = tasks.flatMap(({ measurements }) => own(measurements, name) ?? []).map(Math.abs);
    return [name, quantileOf(sizes, 0.99)] as const;
  });
  const latency = ['latency', quantileOf(latenciesOf(tasks), 0.99)] as const;
  return Object.fromEntries([...found, latency].filter(([, size]) => size > 0));
}

/**
 * Limits at which amounts are clipped in gains. Only latency is clipped: a few large amounts may make up most of a
 * measurement's total.
 */
export function clipsOf({ latency }: Readonly<Record<string, number>>): Record<string, number> {
  return latency === undefined ? {} : { latency: CLIP_FACTOR * latency };
}

function latenciesOf(tasks: readonly MeasuredTask[]): number[] {
  return tasks.flatMap(({ latencyMs }) => latencyMs ?? []);
}
