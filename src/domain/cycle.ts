/** One run of the loop, as the ledger keeps it. */
export interface CycleRecord {
  readonly cycleId: string;
  /** 1, 2, 3 … over the ledger's life. */
  readonly number: number;
  readonly startTimeMs: number;
  /** Without the commit. */
  readonly durationMs: number;
  /** Tasks in its window; 0 where too few were retained. */
  readonly tasksAnalyzed: number;
  readonly deltasProposed: number;
  readonly deltasApplied: number;
  /** Proposals of the ledger's life, this cycle's included; each was evaluated once. */
  readonly totalDeltasHistory: number;
}
