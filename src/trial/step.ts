import type { DeltaEffect, TrialVerdict } from '../domain/effect.ts';
import type { Arm } from './arm.ts';
import type { Evidence } from './evidence.ts';
import type { HoldbackState } from './holdback.ts';
import type { Outcome } from './outcome.ts';
import type { TrialPlan } from './plan.ts';

/** E-values of one metric, in the order of the evidence. */
export type EValues = readonly [harm: number, help: number, notWorse: number];

interface TimedStep {
  readonly timeMs: number;
}

/** The trial began. */
export interface TrialStarted extends TimedStep {
  readonly step: 'start';
  /** Unix time. Left out by older releases: `timeMs` is. */
  readonly wallMs?: number;
  readonly plan: TrialPlan;
  /** SHA-256 of the seed of the stage that begins. */
  readonly commitment: string;
  /** How long it may take and what it could see, in words. */
  readonly summary: string;
}

/** A task was given its arm. */
export interface TaskAssigned extends TimedStep {
  readonly step: 'assign';
  readonly taskId: string;
  /** Of its pair or group, in the order in which coins are tossed: 1, 2, 3 … */
  readonly set: number;
  readonly arm: Arm;
  /** Values of the labels that it is paired or predicted by, as one text. */
  readonly kind: string;
  /** Predicted log latency; 0 where nothing is predicted. */
  readonly predicted: number;
  /** Tasks ever recorded then. */
  readonly recorded: number;
  /** Where groups do not follow one another, of a group's last task: when the next may begin. */
  readonly nextTask?: number;
}

/** A block of a switchback trial began: the switch with this sequence put its value in force. */
export interface BlockStarted extends TimedStep {
  readonly step: 'block';
  readonly set: number;
  readonly arm: Arm;
  readonly sequence: number;
}

/** Every client that streams has acknowledged the block's switch. */
export interface BlockAcknowledged extends TimedStep {
  readonly step: 'acknowledged';
}

/** A task of the trial has ended; `late`: after it had been given up. */
export interface OutcomeRecorded extends TimedStep {
  readonly step: 'outcome' | 'late';
  readonly taskId: string;
  readonly set: number;
  readonly arm: Arm;
  readonly outcome: Outcome;
  /** Milliseconds since its arm was assigned. */
  readonly sinceMs: number;
  /** Per metric, where this outcome let pairs or groups be counted. */
  readonly e?: readonly EValues[];
}

/** Outcomes did not come in time: of these tasks, or so many of the block. */
export interface OutcomesMissing extends TimedStep {
  readonly step: 'missing';
  readonly taskIds: readonly string[];
  /** As many as `taskIds`, where tasks are assigned one by one. */
  readonly count: number;
  readonly e?: readonly EValues[];
}

/** Why a trial is paused. */
export type PauseReason = 'outage' | 'operator';

/** Nobody is given an arm; pairs and groups that are open are left out whole. */
export interface TrialPaused extends TimedStep {
  readonly step: 'pause';
  readonly reason: PauseReason;
}

export interface TrialResumed extends TimedStep {
  readonly step: 'resume';
  readonly reason: PauseReason;
}

/** Harm by order of arrival: the old value is in force until all that is open has come. */
export interface TrialSuspended extends TimedStep {
  readonly step: 'suspend';
  readonly summary: string;
}

/** Counted in order, there was no harm: the trial goes on. */
export interface TrialContinued extends TimedStep {
  readonly step: 'continue';
  readonly summary: string;
}

/** What every end of a stage discloses: the seed of its coins. */
interface StageEnded extends TimedStep {
  readonly seed: string;
}

type HelpedEffect = DeltaEffect & { readonly verdict: 'helped' };

/** It helped: the new value is in force, on probation. */
export interface TrialPromoted extends StageEnded {
  readonly step: 'promote';
  readonly commitment: string;
  readonly effect: HelpedEffect;
  readonly summary: string;
}

/** Probation is over: the change is confirmed, and holdback begins where there is one. */
export interface TrialConfirmed extends StageEnded {
  readonly step: 'confirm';
  readonly commitment: string;
  readonly effect: HelpedEffect;
  readonly summary: string;
  readonly state: HoldbackState;
}

/** A part of holdback is over and the next one begins; nothing before it is needed any more. */
export interface HoldbackRenewed extends StageEnded {
  readonly step: 'renew';
  readonly commitment: string;
  /** Hash of the receipt before, which may have been dropped when this one is read. */
  readonly former: string;
  /** Stages that have ended. */
  readonly stages: number;
  readonly plan: TrialPlan;
  readonly state: HoldbackState;
  readonly effect: HelpedEffect;
  readonly summary: string;
}

/** What becomes of the delta when its trial ends; `keep`: it stays as it is. */
export type TrialOutcome = 'revert' | 'ask' | 'keep';

/** The trial is over. */
export interface TrialEnded extends StageEnded {
  readonly step: 'end';
  /** Unix time. Left out by older releases: `timeMs` is. */
  readonly wallMs?: number;
  readonly effect: DeltaEffect & { readonly verdict: TrialVerdict };
  readonly outcome: TrialOutcome;
  /** In words. */
  readonly summary: string;
  /** Until when the delta waits for a person, where one is asked. */
  readonly askUntilMs: number | undefined;
  /** What a later trial of the same change goes on from. */
  readonly carried: Evidence | undefined;
  /** The trial counts in what is learned of its rule: it was not cut short from outside. */
  readonly counts: boolean;
  /** The longest that a report took, in milliseconds: a later trial waits for it. */
  readonly longestMs: number;
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
  | TrialSuspended
  | TrialContinued
  | TrialPromoted
  | TrialConfirmed
  | HoldbackRenewed
  | TrialEnded;
