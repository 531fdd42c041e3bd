/** Coordination metrics of an orchestrator at one moment, or of several combined. */
export interface CoordinationMetrics {
  readonly subAgentCount: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  /** Anything else a rule may use. */
  readonly values: Readonly<Record<string, number>>;
  /** Unix time in milliseconds. */
  readonly observeTimeMs: number;
  /** Who reports them. Left out: it is not known, or they are of several. */
  readonly clientId?: string;
}

/** A client's newest report. */
export interface MetricsReport {
  readonly report: CoordinationMetrics;
  /** The loop's time in milliseconds. */
  readonly reportTimeMs: number;
}

/** What is made of one metric that several clients report. */
export const COMBINATIONS = ['sum', 'max', 'mean'] as const;
export type Combination = (typeof COMBINATIONS)[number];
