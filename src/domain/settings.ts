import type { Objective } from './effect.ts';
import type { Combination } from './metrics.ts';
import type { ParameterType } from './parameter-type.ts';
import type { CurationMode, Rule, TrialAssignment } from './rule.ts';
import type { SearchSpace } from './search.ts';
import type { Utility } from './utility.ts';
import type { Value } from './value.ts';

/** The declaration of one parameter. */
export interface ParameterSpec {
  /** The parameter's value in a ledger that has no value for it yet. */
  readonly initial: Value;
  /** Said or inferred; `undefined` if its values may be of several types, or are lists. */
  readonly type: ParameterType | undefined;
  /** Present if the config says the type: values are held to it. An inferred one only tells what they are. */
  readonly isTypeSaid?: true;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** The most by which one delta may change the value. */
  readonly maxStep: number | undefined;
  /** The only values that the parameter may have. */
  readonly allowed: readonly Value[] | undefined;
  /** What trials of the parameter are to improve, unless a rule says otherwise. */
  readonly objective: Objective;
  /** Of its trials, in place of `TrialSettings.assignment`. */
  readonly assignment?: TrialAssignment;
  /** Parameters that it must not be on trial together with; absent: all. */
  readonly interferesWith?: readonly string[];
  /** Share of tasks that may run on a value that is not proven, above 0; absent: all. */
  readonly budget?: number;
  /** Where its best value is looked for; absent: it is not searched. */
  readonly search?: SearchSpace;
}

/** Maximum points for each part of a proposal's score. */
export interface ScoreWeights {
  readonly confidence: number;
  readonly reasoning: number;
  readonly impact: number;
  readonly risk: number;
}

/** How much history the ledger retains. Counters and parameter values are kept for ever. */
export interface Retention {
  readonly historyLimit: number;
  readonly dedupWindow: number;
  readonly retainDeltas: number;
  readonly retainCycles: number;
}

/** Whose refusals take a delta back: any client's, or those of more than half of the clients. */
export const REFUSAL_RULES = ['any', 'majority'] as const;

/** How deltas are put on trial. */
export interface TrialSettings {
  readonly assignment: TrialAssignment;
  /** Reports that end a block of a switchback trial. */
  readonly blockTasks: number;
  /** Seconds after a block's switch within which tasks that begin tell nothing of the block. */
  readonly settleSeconds: number;
  /** Names of labels that the tasks of a pair have in common where possible. */
  readonly pairBy: readonly string[];
  /** For how many more assignments an unpaired task waits for a partner. */
  readonly pairWaitTasks: number;
  /** The label whose values may have values of parameters of their own; absent: none. */
  readonly cohorts: string | undefined;
  /** Labels that latency is predicted by; if absent, all that are not nearly unique. */
  readonly predictBy: readonly string[] | undefined;
  /** Seconds until an outcome counts as missing; if absent, measured from how long reports have taken. */
  readonly outcomeTimeoutSeconds: number | undefined;
  readonly maxSeconds: number;
  /** The least latency that a failed task counts as; if absent, the p99 of successes. */
  readonly timeoutMs: number | undefined;
  /** The maximum of tasks, and of seconds, that a probation takes. */
  readonly probationTasks: number;
  readonly probationSeconds: number;
  /** Share of tasks that keep the old value of a confirmed change, 0 to 0.2. */
  readonly holdback: number;
  /** Makes assignments repeatable; if absent, each trial draws its own seed. */
  readonly seed: string | undefined;
}

/** Which reports of metrics count, and how reports of several clients are combined. */
export interface MetricsSettings {
  /** 0: metrics never get too old. */
  readonly maxAgeSeconds: number;
  readonly combine: {
    readonly subAgentCount: Combination;
    readonly cpuPercent: Combination;
    /** By name; other values are combined by their mean. */
    readonly values: Readonly<Record<string, Combination>>;
  };
}

/** The settings of the loop: frozen, replaced as a whole between two cycles. Bounds of 0 mean "none". */
export interface LoopSettings {
  /** "unknown" if the config has no version. */
  readonly version: string;
  readonly cycle: {
    readonly enabled: boolean;
    readonly intervalSeconds: number;
    readonly historyLimit: number;
    readonly analysisWindow: number;
    readonly minTasks: number;
    /** Rules do not act on a window whose newest task is older (with `suppressUnchanged`); 0: never too old. */
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
    /** Seconds until a delta that no client has acknowledged is reverted; 0: never. */
    readonly ackTimeoutSeconds: number;
    /** If absent, `majority` for deltas that are proven or on probation, and `any` for other deltas. */
    readonly refusals: (typeof REFUSAL_RULES)[number] | undefined;
  };
  readonly trial: TrialSettings;
  readonly parameters: Readonly<Record<string, ParameterSpec>>;
  readonly rules: readonly Rule[];
  /** By expression: the utilities of all objectives. */
  readonly utilities: ReadonlyMap<string, Utility>;
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
