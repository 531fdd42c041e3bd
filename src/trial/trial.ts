import type { Arm } from './arm.ts';
import { type Evidence, noEvidence, type Outcome, type PairOutcomes } from './evidence.ts';
import { firstHash } from './receipt.ts';
import type { PauseReason, TrialPlan } from './step.ts';

/** A task that has its arm. */
export interface AssignedTask {
  readonly taskId: string;
  readonly arm: Arm;
  readonly assignTimeMs: number;
  /** `undefined`: it has not ended yet. */
  readonly outcome: Outcome | undefined;
}

/** A pair of which not every outcome is in. */
export interface OpenPair {
  readonly number: number;
  /** Its tasks have this in common, unless they were paired by age. */
  readonly kind: string;
  /** Assignments that had been made when it was opened. */
  readonly openedAt: number;
  readonly tasks: readonly AssignedTask[];
}

/** The block that runs. */
export interface Block {
  readonly arm: Arm;
  readonly sequence: number;
  readonly startTimeMs: number;
  /** When every client had acknowledged its switch; `undefined`: not yet. */
  readonly acknowledgedMs: number | undefined;
  readonly outcomes: readonly Outcome[];
}

/** A block that is over. */
export interface ClosedBlock {
  readonly arm: Arm;
  readonly outcomes: readonly Outcome[];
  /** Outcomes that did not come in time. */
  readonly missing: number;
}

/** Tasks by arm. */
export type Counts = Readonly<Record<Arm, number>>;

/**
 * A trial as it stands: a fold over its steps. Immutable. While it runs, every task has at most one
 * arm, every pair has one coin, and every task in `assignments` is in an open pair or done with.
 */
export interface Trial {
  readonly plan: TrialPlan;
  readonly startTimeMs: number;
  /** Unix time. */
  readonly startWallMs: number;
  /** Steps so far, and the hash of the newest one's receipt. */
  readonly steps: number;
  readonly hash: string;
  readonly evidence: Evidence;
  /** Tasks in the pairs that the evidence of this trial counts. */
  readonly tasksUsed: number;
  /** The newest pairs, while every single task in them failed: counted once it was no outage. */
  readonly heldPairs: readonly PairOutcomes[];
  /** Pairs begun. */
  readonly pairsBegun: number;
  /** By age. Empty in a switchback trial. */
  readonly openPairs: readonly OpenPair[];
  /** Every task that was given an arm, in order; a bounded number, searched one by one. */
  readonly assignments: readonly { readonly taskId: string; readonly arm: Arm }[];
  readonly block: Block | undefined;
  /** The first half of the pair whose second block is due or runs. */
  readonly firstBlock: ClosedBlock | undefined;
  /** Tasks that were to tell something, those of open pairs included; what was left out is not. */
  readonly expected: Counts;
  /** Those of them whose outcome did not come in time. */
  readonly missing: Counts;
  /** Failures among the newest outcomes of each arm, in pairs that were counted: `OUTAGE_TASKS`. */
  readonly recentFailures: Readonly<Record<Arm, readonly boolean[]>>;
  readonly pauses: readonly PauseReason[];
}

/** Outcomes of each arm that an outage is seen by. */
export const OUTAGE_TASKS = 10;

/** The trial after its first step. */
export function startTrial(plan: TrialPlan, timeMs: number, wallMs = timeMs): Trial {
  return {
    plan,
    startTimeMs: timeMs,
    startWallMs: wallMs,
    steps: 0,
    hash: firstHash(plan.deltaId),
    evidence: plan.carried ?? [plan.primary, ...plan.guards].map(noEvidence),
    tasksUsed: 0,
    heldPairs: [],
    pairsBegun: 0,
    openPairs: [],
    assignments: [],
    block: undefined,
    firstBlock: undefined,
    expected: { old: 0, new: 0 },
    missing: { old: 0, new: 0 },
    recentFailures: { old: [], new: [] },
    pauses: [],
  };
}
