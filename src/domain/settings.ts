import type { Combination } from './metrics.ts';
import type { ParameterType } from './parameter-type.ts';
import type { CurationMode, Rule } from './rule.ts';
import type { Value } from './value.ts';

/** What is declared of one parameter. */
export interface ParameterSpec {
  /** Its value in a ledger that has none yet. */
  readonly initial: Value;
  /** Said or inferred; `undefined` if its values may be of several types, or are lists. */
  readonly type: ParameterType | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** The most that one delta may move it. */
  readonly maxStep: number | undefined;
  /** The only values it may have. */
  readonly allowed: readonly Value[] | undefined;
}

/** Points of each part of the score. */
export interface ScoreWeights {
  readonly confidence: number;
  readonly reasoning: number;
  readonly impact: number;
  readonly risk: number;
}

/** How much the ledger retains; counters and parameters are for ever. */
export interface Retention {
  readonly historyLimit: number;
  readonly dedupWindow: number;
  readonly retainDeltas: number;
  readonly retainCycles: number;
}

/** How tasks of a trial get their arm: each by itself, in blocks, or as the orchestrator allows. */
export const TRIAL_ASSIGNMENTS = ['auto', 'task', 'switchback'] as const;

/** Whose refusals take a delta back: any client's, or those of more than half of the clients. */
export const REFUSAL_RULES = ['any', 'majority'] as const;

/** How deltas are put on trial. */
export interface TrialSettings {
  readonly assignment: (typeof TRIAL_ASSIGNMENTS)[number];
  /** Reports that end a block of a switchback trial. */
  readonly blockTasks: number;
  /** Names of labels that the tasks of a pair have in common where possible. */
  readonly pairBy: readonly string[];
  /** Assignments that one left single waits for its like. */
  readonly pairWaitTasks: number;
  /** Labels that latency is predicted by; if absent, all that are not nearly unique. */
  readonly predictBy: readonly string[] | undefined;
  /** If absent, measured from how long reports have taken. */
  readonly outcomeTimeoutSeconds: number | undefined;
  readonly maxSeconds: number;
  /** Least latency that a failed task counts as; if absent, the p99 of successes. */
  readonly timeoutMs: number | undefined;
  /** Tasks and seconds of probation, at most. */
  readonly probationTasks: number;
  readonly probationSeconds: number;
  /** Share of tasks that keep the old value of a confirmed change, 0 to 0.2. */
  readonly holdback: number;
  /** Makes assignments repeatable; if absent, each trial draws its own seed. */
  readonly seed: string | undefined;
}

/** Which reports of metrics count, and what rules see of several. */
export interface MetricsSettings {
  /** 0: metrics never get too old. */
  readonly maxAgeSeconds: number;
  readonly combine: {
    readonly subAgentCount: Combination;
    readonly cpuPercent: Combination;
    /** By name; the mean of those that are not here. */
    readonly values: Readonly<Record<string, Combination>>;
  };
}

/** What the loop runs by; frozen, replaced whole between two cycles. Bounds of 0 mean "none". */
export interface LoopSettings {
  /** "unknown" where the config has none. */
  readonly version: string;
  readonly cycle: {
    readonly enabled: boolean;
    readonly intervalSeconds: number;
    readonly historyLimit: number;
    readonly analysisWindow: number;
    readonly minTasks: number;
    /** A window in which no task is newer is not acted on; 0: it never gets too old. */
    readonly maxAgeSeconds: number;
  };
  readonly recording: { readonly dedupWindow: number };
  readonly metrics: MetricsSettings;
  readonly reflection: {
    readonly minScore: number;
    readonly minConfidence: number;
    readonly enforceMinConfidence: boolean;
    readonly weights: ScoreWeights;
  };
  readonly curation: {
    readonly mode: CurationMode;
    readonly suppressUnchanged: boolean;
    readonly cooldownSeconds: number;
    /** 0: no bound. */
    readonly maxDeltasPerHour: number;
    readonly proposalTtlSeconds: number;
    /** A delta that no client has acknowledged by then is reverted; 0 for none. */
    readonly ackTimeoutSeconds: number;
    /** If absent, `majority` for deltas that are proven or on probation, `any` for others. */
    readonly refusals: (typeof REFUSAL_RULES)[number] | undefined;
  };
  readonly trial: TrialSettings;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly rules: readonly Rule[];
  readonly ledger: { readonly retainDeltas: number; readonly retainCycles: number };
}

export function retentionOf({ cycle, recording, ledger }: LoopSettings): Retention {
  return {
    historyLimit: cycle.historyLimit,
    dedupWindow: recording.dedupWindow,
    retainDeltas: ledger.retainDeltas,
    retainCycles: ledger.retainCycles,
  };
}
