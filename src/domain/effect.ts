/** What was found out about a delta. The first four end a trial; `observed` is an estimate without a trial. */
export const VERDICTS = ['helped', 'harmed', 'inconclusive', 'invalid', 'observed'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** How a trial can end. */
export type TrialVerdict = Exclude<Verdict, 'observed'>;

/** What is compared of a metric: what is typical, what adds up, how often something happens, or the mean. */
export const STATISTICS = ['median', 'total', 'share', 'mean'] as const;
export type Statistic = (typeof STATISTICS)[number];

/** A metric that trials compare: how tasks end, how fast, or a key of `Task.measurements`. */
export interface Metric {
  readonly name: string;
  /** `outcome`: success first, then latency. */
  readonly kind: 'outcome' | 'latency' | 'success' | 'measurement';
  /** Which direction is an improvement. */
  readonly better: 'lower' | 'higher';
  /** `share` (of tasks) for success, otherwise `median` or `total`. */
  readonly statistic: Statistic;
}

/** A metric that a change must not make worse. */
export interface Guard extends Metric {
  /**
   * The most by which it may be worse, which a trial has to prove: a share of the old value, above 0 and below 1; for
   * success, a difference of rates.
   */
  readonly margin: number;
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
   * share that the new value lost. A measurement: difference per task, in its own unit.
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
}
