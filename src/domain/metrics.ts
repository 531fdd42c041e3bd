/** Coordination metrics of an orchestrator at one moment, or of several combined. */
export interface CoordinationMetrics {
  readonly subAgentCount: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  /** Other values that rules may use, by name. */
  readonly values: Readonly<Record<string, number>>;
  /** Unix time in milliseconds. */
  readonly observeTimeMs: number;
  /** The client that reported them; absent if it is not known, or if reports of several clients are combined. */
  readonly clientId?: string;
}

/** A client's newest report. */
export interface MetricsReport {
  readonly report: CoordinationMetrics;
  /** The loop's time in milliseconds. */
  readonly reportTimeMs: number;
}

/** How the values of one metric that several clients report are combined. */
export const COMBINATIONS = ['sum', 'max', 'mean'] as const;
export type Combination = (typeof COMBINATIONS)[number];
