/** What was found out about a delta. The first four end a trial; the last is only an estimate. */
export const VERDICTS = ['helped', 'harmed', 'inconclusive', 'invalid', 'observed'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** How a trial can end. */
export type TrialVerdict = Exclude<Verdict, 'observed'>;

/** What a trial looks at: the latency, the success, or a key of `Task.measurements`. */
export interface Metric {
  readonly name: string;
  readonly kind: 'latency' | 'success' | 'measurement';
  /** Which direction is an improvement. */
  readonly better: 'lower' | 'higher';
}

export const LATENCY: Metric = { name: 'latency', kind: 'latency', better: 'lower' };
export const SUCCESS: Metric = { name: 'success', kind: 'success', better: 'higher' };

/** A delta's effect on one metric; new against old. */
export interface MetricEffect {
  readonly metric: string;
  /** Latency: log ratio. Success: difference of rates. Otherwise: difference, in its own unit. */
  readonly estimate: number;
  /** Ends of a 95 % interval around the estimate. */
  readonly lower: number;
  readonly upper: number;
  /** Evidence (e-values) that the delta harms, and that it helps; 1: none. */
  readonly eHarm: number;
  readonly eHelp: number;
  readonly tasksOld: number;
  readonly tasksNew: number;
}

/** What a delta did, as far as is known. */
export interface DeltaEffect {
  readonly verdict: Verdict;
  readonly metrics: readonly MetricEffect[];
  /** Tasks that the finding rests on, without those of carried evidence. */
  readonly tasksUsed: number;
}
