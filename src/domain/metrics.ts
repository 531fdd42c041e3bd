/** Coordination metrics of the orchestrator at one moment. */
export interface CoordinationMetrics {
  readonly subAgentCount: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
  /** Anything else a rule may use. */
  readonly values: Readonly<Record<string, number>>;
  /** Unix time in milliseconds. */
  readonly observeTimeMs: number;
}
