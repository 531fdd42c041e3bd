import type { DeltaEffect, TrialVerdict } from '../domain/effect.ts';
import type { Arm } from './arm.ts';
import type { CohortEvidence } from './cohorts.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Outcome } from './evidence/outcome.ts';
import type { HoldbackState } from './holdback.ts';
import type { TrialPlan } from './plan.ts';
import type { TaskSet } from './task-set.ts';

/** E-values of one metric. A list of them has the order of the evidence. */
export type EValues = readonly [harm: number, help: number, notWorse: number];

interface TimedStep {
  readonly timeMs: number;
}

/** The trial began. */
export interface TrialStarted extends TimedStep {
  readonly step: 'start';
  /** Unix time. Absent in ledgers of older releases, where `timeMs` is Unix time. */
  readonly wallMs?: number;
  readonly plan: TrialPlan;
  /** SHA-256 of the first stage's seed. */
  readonly commitment: string;
  /** How long the trial may take and which effects it could find, in words. */
  readonly summary: string;
}

/** A task was assigned an arm. */
export interface TaskAssigned extends TimedStep {
  readonly step: 'assign';
  readonly taskId: string;
  /** Number of the task's pair or group: 1, 2, 3 … */
  readonly set: number;
  readonly arm: Arm;
  /** The result of `kindOfTask`. */
  readonly kind: string;
  /** The result of `cohortOfTask`; absent: none. */
  readonly cohort?: string | undefined;
  /** Predicted log latency; 0 without a prediction. */
  readonly predicted: number;
  /** Only in receipts of earlier releases, which spaced groups by the number of recorded tasks. */
  readonly recorded?: number;
}

/** A block of a switchback trial began: the delta with this sequence made its value live. */
export interface BlockStarted extends TimedStep {
  readonly step: 'block';
  readonly set: number;
  readonly arm: Arm;
  readonly sequence: number;
  /** Tasks ever recorded. */
  readonly recorded: number;
}

/** No block runs for now: the delta with this sequence made the standing value live. */
export interface TrialRested extends TimedStep {
  readonly step: 'rest';
  readonly sequence: number;
  /** Tasks ever recorded; absent without a budget. */
  readonly recorded?: number;
}

/** The oldest pair of blocks was counted: the wait for its reports (`pairWaitMs`) is over. */
export interface PairSettled extends TimedStep {
  readonly step: 'settle';
  readonly set: number;
  readonly e?: readonly EValues[];
}

/** Every client with an open stream has acknowledged the block's switch. */
export interface BlockAcknowledged extends TimedStep {
  readonly step: 'acknowledged';
}

/** A task's arm in a trial of another parameter. */
export interface ArmBeside {
  readonly deltaId: string;
  readonly target: string;
  readonly arm: Arm;
}

/** A task was reported; `late`: after it had timed out, or after its pair of blocks had been counted. */
export interface OutcomeRecorded extends TimedStep {
  readonly step: 'outcome' | 'late';
  readonly taskId: string;
  readonly set: number;
  readonly arm: Arm;
  readonly outcome: Outcome;
  /** Milliseconds since the task's arm was assigned, or its block began. */
  readonly sinceMs: number;
  /** When the task began, by the loop's time; absent unless the plan has `settleMs`. */
  readonly beganMs?: number;
  /** The task's arms in trials that run beside; absent if there are none. */
  readonly beside?: readonly ArmBeside[];
  /** Per metric, if this outcome completed a set that was counted. */
  readonly e?: readonly EValues[];
}

/** Outcomes timed out, or the running block timed out and ends with the reports it has. */
export interface OutcomesMissing extends TimedStep {
  readonly step: 'missing';
  /** Empty for a block. */
  readonly taskIds: readonly string[];
  /** Number of tasks that timed out; for a block, `Block.missing`. */
  readonly count: number;
  /** Tasks ever recorded; absent unless a block timed out. */
  readonly recorded?: number;
  readonly e?: readonly EValues[];
}

/** Why a trial is paused. */
export type PauseReason = 'outage' | 'operator';

/**
 * The trial paused or resumed. No task is assigned an arm during a pause; open pairs and groups are left out unless the
 * trial is suspended.
 */
export interface TrialPaused extends TimedStep {
  readonly step: 'pause' | 'resume';
  readonly reason: PauseReason;
}

/**
 * `suspend`: evidence shows harm, so the old value is live until all open outcomes are known. `continue`: with these
 * counted, there is no harm in order of dispatch.
 */
export interface TrialSuspended extends TimedStep {
  readonly step: 'suspend' | 'continue';
  readonly summary: string;
}

/** A stage ended. */
interface StageEnded extends TimedStep {
  /** The stage's seed, disclosed. */
  readonly seed: string;
}

type HelpedEffect = DeltaEffect & { readonly verdict: 'helped' };

/** The next stage, or part of a holdback, begins. */
interface StageBegun extends StageEnded {
  /** SHA-256 of the new stage's seed. */
  readonly commitment: string;
  readonly effect: HelpedEffect;
  readonly summary: string;
}

/** The trial found help: the new value is in force, on probation. */
export interface TrialPromoted extends StageBegun {
  readonly step: 'promote';
}

/** The change is confirmed; holdback begins if the plan has one. */
export interface TrialConfirmed extends StageBegun {
  readonly step: 'confirm';
  readonly state: HoldbackState;
}

/** The next part of a holdback begins. The step holds the whole state, so earlier receipts may be dropped. */
export interface HoldbackRenewed extends StageBegun {
  readonly step: 'renew';
  /** Hash of the receipt before, which may have been dropped. */
  readonly former: string;
  /** Stages that have ended. */
  readonly stages: number;
  readonly plan: TrialPlan;
  readonly state: HoldbackState;
  /** Full groups that wait for outcomes; absent, like `tossed`, in receipts of earlier releases. */
  readonly open?: readonly TaskSet[];
  /** As in `Trial`. */
  readonly tossed?: number;
}

/** What a trial's end does with the delta; `keep`: the delta's value stays live. */
export type TrialOutcome = 'revert' | 'ask' | 'keep';

/** The trial is over. */
export interface TrialEnded extends StageEnded {
  readonly step: 'end';
  /** Unix time. Absent in ledgers of older releases, where `timeMs` is Unix time. */
  readonly wallMs?: number;
  readonly effect: DeltaEffect & { readonly verdict: TrialVerdict };
  readonly outcome: TrialOutcome;
  /** In words. */
  readonly summary: string;
  /** With outcome `ask`: until when the delta waits for a person. */
  readonly askUntilMs: number | undefined;
  /** Evidence for a later trial of the same change. */
  readonly carried: Evidence | undefined;
  /** Whether the verdict counts for the rule's confidence: it does if the trial was not ended from outside. */
  readonly counts: boolean;
  /** The longest time to a report, in milliseconds: a later trial's outcome timeout allows for it. */
  readonly longestMs: number;
  /** What the trial of all has found of single cohorts; absent if it told none apart. */
  readonly cohorts?: CohortsFound | undefined;
  /** By which label the effect differs, in words; absent if by none. */
  readonly apart?: string;
}

/** What a trial of all has found of single cohorts, by their label's value. */
export interface CohortsFound {
  /** Evidence of the cohorts that the change has helped: each goes on with it in a trial of its own. */
  readonly helped: CohortEvidence;
  readonly harmed: readonly string[];
}

/** One step of a trial, as the ledger keeps it. Plain JSON. */
export type TrialStep =
  | TrialStarted
  | TaskAssigned
  | BlockStarted
  | BlockAcknowledged
  | PairSettled
  | TrialRested
  | OutcomeRecorded
  | OutcomesMissing
  | TrialPaused
  | TrialSuspended
  | TrialPromoted
  | TrialConfirmed
  | HoldbackRenewed
  | TrialEnded;
