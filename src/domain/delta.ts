import type { Cohort } from './cohort.ts';
import type { Comparison, DeltaEffect } from './effect.ts';
import { sameValue, type Value } from './value.ts';

export const DELTA_TYPES = ['coordination', 'strategy', 'resource', 'metric'] as const;
export type DeltaType = (typeof DELTA_TYPES)[number];

export const DELTA_OPERATIONS = ['modify', 'add', 'remove', 'adjust'] as const;
export type DeltaOperation = (typeof DELTA_OPERATIONS)[number];

export const DELTA_IMPACTS = ['positive', 'negative', 'neutral'] as const;
export type DeltaImpact = (typeof DELTA_IMPACTS)[number];

export type RiskLevel = 'low' | 'medium' | 'high';

/**
 * The states of a delta. Transitions: proposed → trial | applied | rejected | expired; trial → provisional | reverted |
 * proposed (for a person to decide); provisional → confirmed | applied | reverted | proposed; confirmed → applied |
 * reverted | proposed; applied → provisional | reverted. One commit may make several of them: an override, a revert or
 * a switch of a trial is applied in the commit that proposes it.
 */
export const DELTA_STATES = [
  'proposed',
  'rejected',
  'trial',
  'applied',
  'reverted',
  'expired',
  'provisional',
  'confirmed',
] as const;
export type DeltaState = (typeof DELTA_STATES)[number];

/** States of deltas that were applied and not reverted. */
const LIVE_STATES: readonly DeltaState[] = ['applied', 'provisional', 'confirmed'];

/** Whether a delta was applied and has not been reverted. */
export function isLive({ state }: { readonly state: DeltaState }): boolean {
  return LIVE_STATES.includes(state);
}

/** How a proposal was scored. */
export interface DeltaEvaluation {
  /** 0 to 100. */
  readonly overallScore: number;
  readonly recommended: boolean;
  readonly reasoning: string;
  readonly riskLevel: RiskLevel;
  readonly estimatedBenefit: string;
}

/** One proposed change to one parameter, as it was when proposed. */
export interface Proposal {
  readonly deltaId: string;
  /** The rule behind the change; empty for overrides and for changes made by the config. */
  readonly ruleId: string;
  /** `undefined` where no rule targets the parameter that is set or restored. */
  readonly type: DeltaType | undefined;
  readonly operation: DeltaOperation;
  readonly target: string;
  /** The tasks whose value changes; absent: all but those of cohorts with a value of their own. */
  readonly cohort?: Cohort | undefined;
  /** The value before the change; absent if the parameter had none. */
  readonly oldValue: Value | undefined;
  /** Absent if the change removes the parameter, or the cohort's own value. */
  readonly newValue: Value | undefined;
  readonly reasoning: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly impact: DeltaImpact;
  /** Unix time in milliseconds. */
  readonly proposeTimeMs: number;
  /** 0 for overrides, reverts and switches. */
  readonly cycleNumber: number;
  readonly evaluation: DeltaEvaluation | undefined;
  /** When a waiting proposal expires, by the loop's time in milliseconds. */
  readonly expireTimeMs: number | undefined;
  /** What a proposal waits for. */
  readonly waitsFor: 'person' | 'trial' | undefined;
  /** The delta that this one undoes, restoring the value before that delta; otherwise empty. */
  readonly revertsDeltaId: string;
  /** For a switch of a trial: the delta on trial; otherwise empty. */
  readonly trialDeltaId: string;
  /** What became of the delta and why, in words; empty if there is nothing to say. */
  readonly summary: string;
}

/** The promotion of a delta by its trial. Times are the loop's, in milliseconds. */
export interface Promotion {
  readonly timeMs: number;
  /** What the trial had measured until then; `undefined` in ledgers of older releases. */
  readonly compared: Comparison | undefined;
}

/** The confirmation of a delta. */
export interface Confirmation extends Promotion {
  /** Tasks recorded over the ledger's life until the confirmation. */
  readonly tasksRecorded: number;
}

/** A client's refusal of a delta. */
export interface Refusal {
  readonly clientId: string;
  /** A short constant, and a text for people; empty if not given. */
  readonly reason: string;
  readonly message: string;
  /** When the client refused the delta, by the loop's time in milliseconds. */
  readonly timeMs: number;
  /** The number of clients at that time, of which more than half are a majority. */
  readonly clients: number;
}

/** A delta and what became of it. */
export interface Delta extends Proposal {
  /** Its number among all deltas of the ledger's life, in order of creation: 1, 2, 3 … */
  readonly ordinal: number;
  readonly state: DeltaState;
  /** Its number among the applied changes; 0 until it is applied. */
  readonly sequence: number;
  /** When it was applied, Unix time in milliseconds; `undefined` until then. */
  readonly applyTimeMs: number | undefined;
  /** As `applyTimeMs`, by the loop's time. */
  readonly appliedMs: number | undefined;
  /** The live value that the delta replaced, which a revert restores. */
  readonly replacedValue: Value | undefined;
  /** What is known of its effect; `undefined` if nothing is. */
  readonly effect: DeltaEffect | undefined;
  readonly promotion: Promotion | undefined;
  readonly confirmation: Confirmation | undefined;
  /** The newest refusal of each client that refuses the delta, in order; absent if none does. */
  readonly refusals?: readonly Refusal[];
}

/** Whether a delta is a switch of a trial that does not change the value. */
export function isIdleSwitch({
  trialDeltaId,
  oldValue,
  newValue,
}: Pick<Proposal, 'trialDeltaId' | 'oldValue' | 'newValue'>): boolean {
  return trialDeltaId !== '' && sameValue(oldValue, newValue);
}

/** A new delta, in the state `proposed`. */
export function bornDelta(proposal: Proposal, ordinal: number): Delta {
  return {
    ...proposal,
    ordinal,
    state: 'proposed',
    sequence: 0,
    applyTimeMs: undefined,
    appliedMs: undefined,
    replacedValue: undefined,
    effect: undefined,
    promotion: undefined,
    confirmation: undefined,
  };
}

/**
 * Common fields of overrides, reverts, switches and restored values, which are not scored, and are applied at once.
 *
 * @param wallMs Unix time in milliseconds
 */
export function bornApplied(wallMs: number) {
  return {
    confidence: 1,
    impact: 'neutral',
    proposeTimeMs: wallMs,
    cycleNumber: 0,
    evaluation: undefined,
    expireTimeMs: undefined,
    waitsFor: undefined,
    revertsDeltaId: '',
    trialDeltaId: '',
    summary: '',
  } satisfies Partial<Proposal>;
}
