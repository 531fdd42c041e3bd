import type { Guard, Metric } from '../domain/effect.ts';
import type { Task } from '../domain/task.ts';
import { own, type Value } from '../domain/value.ts';
import { quantileOf } from './distributions.ts';
import type { Evidence } from './evidence.ts';
import type { Scale } from './pair-score.ts';
import { kindOf, type Seen } from './predict.ts';

/** The form of plans and steps. Trials of an earlier one are ended when their ledger is opened. */
export const TRIAL_FORMAT = 2;

/** What a trial was started with; fixed until it ends. Plain JSON. Times in milliseconds. */
export interface TrialPlan extends Scale {
  /** Left out by releases whose trials cannot be gone on with. */
  readonly format: number;
  readonly deltaId: string;
  readonly ruleId: string;
  /** Of the rule's text. */
  readonly fingerprint: string;
  readonly target: string;
  /** The baseline; `undefined`: the parameter is not there. */
  readonly oldValue: Value | undefined;
  readonly newValue: Value | undefined;
  /** What repeatable coins come from; `undefined`: from the ledger's secret. */
  readonly seed: string | undefined;
  /** The delta in force whose former value this trial is of; `undefined`: a rule proposed it. */
  readonly retrialOf: string | undefined;
  readonly primary: Metric;
  readonly guards: readonly Guard[];
  readonly blockTasks: number;
  /** Labels that the tasks of a pair have in common; empty: they are alike by prediction. */
  readonly pairBy: readonly string[];
  readonly pairWaitTasks: number;
  /** Labels that latency is predicted by. */
  readonly predictBy: readonly string[];
  /** Tasks before the trial, oldest first; empty where nothing is predicted. */
  readonly history: readonly Seen[];
  readonly outcomeTimeoutMs: number;
  readonly maxMs: number;
  /** Evidence of help that suffices for the value to be put in force. */
  readonly sufficient: number;
  readonly probationTasks: number;
  readonly probationMs: number;
  /** Share of tasks that keep the old value once the new one is confirmed; 0: none. */
  readonly holdback: number;
  /** Highest amounts that gains are reckoned with, by metric. */
  readonly clips: Readonly<Record<string, number>>;
  /** Evidence that an earlier trial of the same change ended with. */
  readonly carried: Evidence | undefined;
}

/** Whether some tasks keep the old value once the new one is confirmed: blocks cannot. */
export function hasHoldback({ holdback, assignment }: TrialPlan): boolean {
  return holdback > 0 && assignment === 'task';
}

/** Newest tasks that a trial is measured by before it starts. */
export const MEASURED_TASKS = 100;

/** Failures faster than this share of the slowest tasks (p95) tell nothing by their latency. */
const FLOOR_SHARE = 0.01;

/** Outcomes are waited for so many times the longest time that a report has taken lately. */
const TIMEOUT_FACTOR = 3;
const MIN_OUTCOME_TIMEOUT_MS = 60_000;
const MAX_OUTCOME_TIMEOUT_MS = 3_600_000;

/** Where reports take longer than the maximum allows for, so many times the longest. */
const LEAST_FACTOR = 1.5;

type MeasuredTask = Pick<Task, 'status' | 'latencyMs' | 'measurements' | 'labels' | 'reportMs'>;

/**
 * What failures and outliers count as, by the newest tasks; those that were cancelled tell nothing.
 * The timeout is the p99 of the successes, or of all where none succeeded.
 *
 * @param timeoutMs as configured
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
 * For how long an outcome is waited for, by how long reports have taken.
 *
 * @param longestMs that an earlier trial of the same change has seen
 */
export function measureOutcomeTimeout(tasks: readonly MeasuredTask[], longestMs = 0): number {
  const times = tasks.map(({ reportMs, latencyMs }) => reportMs ?? latencyMs ?? 0);
  const longest = Math.max(longestMs, ...times);
  const most = Math.max(MAX_OUTCOME_TIMEOUT_MS, LEAST_FACTOR * longest);
  return Math.min(Math.max(TIMEOUT_FACTOR * longest, MIN_OUTCOME_TIMEOUT_MS), most);
}

/** What predictions start from. */
export function measureHistory(
  tasks: readonly MeasuredTask[],
  predictBy: readonly string[],
): readonly Seen[] {
  if (predictBy.length === 0) return [];
  return tasks.flatMap(({ labels, latencyMs }): Seen[] =>
    latencyMs === undefined ? [] : [[kindOf(labels, predictBy), latencyMs]],
  );
}

/** The p99 of latency and of each measurement that is named, which gains are clipped at. */
export function measureClips(
  tasks: readonly MeasuredTask[],
  measurements: readonly string[],
): Record<string, number> {
  const amounts = (name: string) =>
    tasks.flatMap((task) => own(task.measurements, name) ?? []).map(Math.abs);
  const clips = measurements.map((name) => [name, quantileOf(amounts(name), 0.99)] as const);
  const known = [['latency', quantileOf(latenciesOf(tasks), 0.99)] as const, ...clips];
  return Object.fromEntries(known.filter(([, clip]) => clip > 0));
}

function latenciesOf(tasks: readonly MeasuredTask[]): number[] {
  return tasks.flatMap(({ latencyMs }) => latencyMs ?? []);
}
