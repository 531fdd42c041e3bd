import type { DeltaEffect, Metric, TrialVerdict } from '../domain/effect.ts';
import type { Value } from '../domain/value.ts';
import type { Arm } from './arm.ts';
import type { Evidence, Outcome } from './evidence.ts';

/** What a trial was started with; fixed until it ends. Plain JSON. Times in milliseconds. */
export interface TrialPlan {
  readonly deltaId: string;
  readonly ruleId: string;
  /** Of the rule's text. */
  readonly fingerprint: string;
  readonly target: string;
  /** The baseline; `undefined`: the parameter is not there. */
  readonly oldValue: Value | undefined;
  readonly newValue: Value | undefined;
  readonly assignment: 'task' | 'switchback';
  readonly seed: string;
  readonly primary: Metric;
  readonly guards: readonly Metric[];
  /** Latency that a failed task counts as at least. */
  readonly timeoutMs: number;
  readonly blockTasks: number;
  readonly pairBy: readonly string[];
  readonly pairWaitTasks: number;
  readonly outcomeTimeoutMs: number;
  readonly maxMs: number;
  /** Evidence that an earlier trial of the same change ended with. */
  readonly carried: Evidence | undefined;
}

/** E-values of one metric, in the order of the evidence. */
export type EValues = readonly [harm: number, help: number];

/** The trial began. */
export interface TrialStarted {
  readonly step: 'start';
  readonly timeMs: number;
  /** Unix time. Left out by older releases: `timeMs` is. */
  readonly wallMs?: number;
  readonly plan: TrialPlan;
  /** How long it may take and what it could see, in words. */
  readonly summary: string;
}

/** A task was given its arm. */
export interface TaskAssigned {
  readonly step: 'assign';
  readonly timeMs: number;
  readonly taskId: string;
  /** 1, 2, 3 … */
  readonly pair: number;
  readonly arm: Arm;
  /** The labels that its pair is to have in common, as one text. */
  readonly kind: string;
}

/** A block of a switchback trial began: the switch with this sequence put its value in force. */
export interface BlockStarted {
  readonly step: 'block';
  readonly timeMs: number;
  readonly pair: number;
  readonly arm: Arm;
  readonly sequence: number;
}

/** Every client that streams has acknowledged the block's switch. */
export interface BlockAcknowledged {
  readonly step: 'acknowledged';
  readonly timeMs: number;
}

/** A task of the trial has ended. */
export interface OutcomeRecorded {
  readonly step: 'outcome';
  readonly timeMs: number;
  readonly taskId: string;
  readonly pair: number;
  readonly arm: Arm;
  readonly outcome: Outcome;
  /** Per metric, where this outcome completed its pair. */
  readonly e?: readonly EValues[];
}

/** Outcomes did not come in time: of these tasks, or so many of the block. */
export interface OutcomesMissing {
  readonly step: 'missing';
  readonly timeMs: number;
  readonly taskIds: readonly string[];
  /** As many as `taskIds`, where tasks are assigned one by one. */
  readonly count: number;
}

/** Why a trial is paused. */
export type PauseReason = 'outage' | 'operator';

/** The baseline is in force for everyone; pairs touched are left out whole. */
export interface TrialPaused {
  readonly step: 'pause';
  readonly timeMs: number;
  readonly reason: PauseReason;
}

export interface TrialResumed {
  readonly step: 'resume';
  readonly timeMs: number;
  readonly reason: PauseReason;
}

/** What becomes of the delta when its trial ends. */
export type TrialOutcome = 'promote' | 'revert' | 'ask';

/** The trial is over. */
export interface TrialEnded {
  readonly step: 'end';
  readonly timeMs: number;
  /** Unix time. Left out by older releases: `timeMs` is. */
  readonly wallMs?: number;
  readonly effect: DeltaEffect & { readonly verdict: TrialVerdict };
  readonly outcome: TrialOutcome;
  /** In words. */
  readonly summary: string;
  /** Until when the delta waits for a person, where one is asked. */
  readonly askUntilMs: number | undefined;
  /** What a later trial of the same change goes on from; only where nothing was found. */
  readonly carried: Evidence | undefined;
  /** The trial counts in what is learned of its rule: it was not cut short from outside. */
  readonly counts: boolean;
}

/** One step of a trial, as the ledger keeps it. Plain JSON. */
export type TrialStep =
  | TrialStarted
  | TaskAssigned
  | BlockStarted
  | BlockAcknowledged
  | OutcomeRecorded
  | OutcomesMissing
  | TrialPaused
  | TrialResumed
  | TrialEnded;
