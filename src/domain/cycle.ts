/** One run of the loop, as the ledger keeps it. */
export interface CycleRecord {
  readonly cycleId: string;
  /** 1, 2, 3 … over the ledger's life. */
  readonly number: number;
  readonly startTimeMs: number;
  /** How long the cycle took, without its commit. */
  readonly durationMs: number;
  /** Tasks in the cycle's window; 0 if too few tasks were retained. */
  readonly tasksAnalyzed: number;
  readonly deltasProposed: number;
  readonly deltasApplied: number;
  /** Proposals over the ledger's life, this cycle's included; each was evaluated once. */
  readonly totalDeltasHistory: number;
}
