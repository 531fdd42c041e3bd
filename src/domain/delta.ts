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
 * Where a delta stands. Reachable: proposed → trial | applied | rejected | expired; trial →
 * provisional | reverted | proposed (for a person to decide); provisional → confirmed | applied |
 * reverted | proposed; confirmed → applied | reverted | proposed; applied → reverted. A cycle may
 * propose and apply, reject or put on trial in one commit. Overrides, reverts and switches of trials
 * are born applied.
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

/** One proposed change to one parameter, as it was born. */
export interface Proposal {
  readonly deltaId: string;
  /** Empty for overrides. */
  readonly ruleId: string;
  /** `undefined` where no rule targets the parameter that is set or restored. */
  readonly type: DeltaType | undefined;
  readonly operation: DeltaOperation;
  readonly target: string;
  /** Absent if there was none. */
  readonly oldValue: Value | undefined;
  /** Absent if the parameter is removed. */
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
  /** By the loop's time. */
  readonly expireTimeMs: number | undefined;
  /** What a proposal waits for. */
  readonly waitsFor: 'person' | 'trial' | undefined;
  /** The delta whose former value this one restores; empty otherwise. */
  readonly revertsDeltaId: string;
  /** The delta on trial that this one is a switch of; empty otherwise. */
  readonly trialDeltaId: string;
  /** What became of it and why, in words; empty: nothing to say. */
  readonly summary: string;
}

/** A delta was promoted by its trial. Times are the loop's. */
export interface Promotion {
  readonly timeMs: number;
  /** What was known of it then; `undefined` in ledgers of older releases. */
  readonly compared: Comparison | undefined;
}

/** A delta was confirmed. */
export interface Confirmation extends Promotion {
  /** Tasks ever recorded then. */
  readonly tasksRecorded: number;
}

/** A client's refusal of a delta. */
export interface Refusal {
  readonly clientId: string;
  /** A short constant, and a text for people; empty if not given. */
  readonly reason: string;
  readonly message: string;
  /** By the loop's time. */
  readonly timeMs: number;
  /** Clients among which a majority was counted then. */
  readonly clients: number;
}

/** A delta and what became of it. */
export interface Delta extends Proposal {
  /** Its place among all deltas of the ledger's life, in order of birth: 1, 2, 3 … */
  readonly ordinal: number;
  readonly state: DeltaState;
  /** Its place among the changes applied; 0 until it is. */
  readonly sequence: number;
  /** Unix time; `undefined` until it is. */
  readonly applyTimeMs: number | undefined;
  /** As `applyTimeMs`, by the loop's time. */
  readonly appliedMs: number | undefined;
  /** The live value that it replaced; what a revert restores. */
  readonly replacedValue: Value | undefined;
  /** Its effect, if anything is known of it. */
  readonly effect: DeltaEffect | undefined;
  readonly promotion: Promotion | undefined;
  readonly confirmation: Confirmation | undefined;
  /** The clients that refuse it, each with its newest refusal, in order; absent: none does. */
  readonly refusals?: readonly Refusal[];
}

/** Whether a delta is a switch of a trial that leaves the value as it is. */
export function isIdleSwitch({
  trialDeltaId,
  oldValue,
  newValue,
}: Pick<Proposal, 'trialDeltaId' | 'oldValue' | 'newValue'>): boolean {
  return trialDeltaId !== '' && sameValue(oldValue, newValue);
}

/** A delta as it is born. */
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
 * Common fields of overrides, reverts, switches and restored values: not scored, and applied at once.
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
