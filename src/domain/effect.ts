/** What was found out about a delta. The first four end a trial; `observed` is an estimate without a trial. */
export const VERDICTS = ['helped', 'harmed', 'inconclusive', 'invalid', 'observed'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** How a trial can end. */
export type TrialVerdict = Exclude<Verdict, 'observed'>;

/**
 * What is compared of a metric: what is typical, what adds up, how often something happens, or the mean. `p95`: how
 * many tasks exceed the value that 5 % of the tasks before the trial exceeded.
 */
export const STATISTICS = ['median', 'total', 'share', 'mean', 'p95'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** A metric that trials compare: how tasks end, how fast, or a key of `Task.measurements`. */
export interface Metric {
  readonly name: string;
  /** `outcome`: success first, then latency. */
  readonly kind: 'outcome' | 'latency' | 'success' | 'measurement';
  /** Which direction is an improvement. */
  readonly better: 'lower' | 'higher';
  /** `share` (of tasks) for success, otherwise `median`, `total` or `p95`. */
  readonly statistic: Statistic;
  /** The CEL expression that computes a utility per task; absent where tasks report the metric. */
  readonly expression?: string;
  /** In a trial's plan, for `p95`: the value above which a task exceeds, in the metric's own unit. */
  readonly exceeds?: number;
}

/** A metric that a change must not make worse. */
export interface Guard extends Metric {
  /**
   * The most by which it may be worse, which a trial has to prove: a share of the old value, above 0 and below 1; for
   * success, a difference of rates.
   */
  readonly margin: number;
  /** The margin must be proven: at the end of probation, a change with an unproven constraint is taken back. */
  readonly isConstraint?: true;
}

/** What trials are to improve, and what a change must not make worse. */
export interface Objective {
  readonly primary: Metric;
  readonly guards: readonly Guard[];
}

export const OUTCOME: Metric = {
  name: 'outcome',
  kind: 'outcome',
  better: 'lower',
  statistic: 'median',
};
export const LATENCY: Metric = {
  name: 'latency',
  kind: 'latency',
  better: 'lower',
  statistic: 'median',
};
export const SUCCESS: Metric = {
  name: 'success',
  kind: 'success',
  better: 'higher',
  statistic: 'share',
};

/** Margin of a guard that names none. */
export const DEFAULT_MARGIN = 0.05;

/** A delta's effect on one metric: the new value against the old one. */
export interface MetricEffect {
  readonly metric: string;
  /** The statistic that `estimate` compares. */
  readonly statistic: Statistic;
  /**
   * Latency: log ratio. Success: difference of rates. Outcome: share of comparisons that the new value won less the
   * share that the new value lost. A measurement: difference per task, in its own unit. `p95`: difference of the shares
   * of tasks that exceed.
   */
  readonly estimate: number;
  /** Ends of a 95 % interval around the estimate. */
  readonly lower: number;
  readonly upper: number;
  /** Evidence (e-values) that the delta harms, and that it helps; 1: none. */
  readonly eHarm: number;
  readonly eHelp: number;
  /** The highest evidence (e-value) so far that a guard is not worse by its margin; 1: none. */
  readonly eNotWorse: number;
  /** The guard's margin; absent if the metric is not a guard. */
  readonly margin: number | undefined;
  /** As `Guard.isConstraint`. Left out by older releases. */
  readonly isConstraint?: true;
  readonly tasksOld: number;
  readonly tasksNew: number;
}

/** What a change has gained per task, against tasks that kept the old value; its 95 % interval holds at any time. */
export interface GainEffect {
  /** `latency`, in milliseconds, `success`, as a rate, or a measurement, in its own unit. */
  readonly metric: string;
  /** Old less new; for success, new less old. Positive: less is spent, or more tasks succeed. */
  readonly perTask: number;
  readonly lower: number;
  readonly upper: number;
  /** Groups of tasks that the gain rests on. */
  readonly groups: number;
}

/** The difference that a change makes in one metric per task, measured by its trial and probation. */
export interface Difference extends GainEffect {
  readonly better: 'lower' | 'higher';
}

/** The tasks of a trial and its probation, compared arm against arm; tasks of carried evidence are left out. */
export interface Comparison {
  /** Tasks compared. */
  readonly tasksOld: number;
  readonly tasksNew: number;
  /** The metric that decides the trial; `latency` if that metric is `outcome`. */
  readonly primary: string;
  readonly differences: readonly Difference[];
}

/** Tasks that had an arm in the trials of two parameters, with one combination of them. */
export interface Combination {
  /** The arm in the delta's own trial, and in the other one. */
  readonly arm: 'old' | 'new';
  readonly other: 'old' | 'new';
  /** Reported tasks, without cancelled ones. */
  readonly tasks: number;
  /** The share that succeeded; 0 without tasks. */
  readonly success: number;
  /** Geometric mean of latency, in milliseconds; absent without any. */
  readonly latencyMs?: number;
  /** Mean of the primary metric, if that is a measurement and any task has it. */
  readonly primary?: number;
}

/** How two changes that were on trial at the same time act together. */
export interface Beside {
  /** The other trial's delta and parameter. */
  readonly deltaId: string;
  readonly target: string;
  /** All four. */
  readonly combinations: readonly Combination[];
  /**
   * The effect in log latency where the other parameter had its new value, less that where it had its old one, and a
   * 95 % interval that holds at a fixed time. Around 0: the effects add up. Absent while a combination has few tasks.
   */
  readonly interaction?: {
    readonly estimate: number;
    readonly lower: number;
    readonly upper: number;
  };
}

/** What a delta did, as far as is known. */
export interface DeltaEffect {
  readonly verdict: Verdict;
  readonly metrics: readonly MetricEffect[];
  /** Tasks that the finding rests on, without those of carried evidence. */
  readonly tasksUsed: number;
  /** Empty until enough tasks have kept the old value. Left out by older releases. */
  readonly gains?: readonly GainEffect[];
  /** Left out by older releases, and where nothing was compared. */
  readonly compared?: Comparison;
  /** By trial that ran beside; absent if none did. */
  readonly beside?: readonly Beside[];
}
