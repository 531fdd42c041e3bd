import { type Arm, GROUP_TASKS } from './arm.ts';
import { type Bets, openBets } from './bets.ts';
import { type Evidence, noEvidence } from './evidence.ts';
import type { HoldbackState } from './holdback.ts';
import type { Outcome } from './outcome.ts';
import { TRIAL_FORMAT, type TrialPlan } from './plan.ts';
import type { Seen } from './predict.ts';
import { firstHash } from './receipt.ts';
import type { PauseReason } from './step.ts';

/**
 * How far a trial is: pairs are compared before the new value is in force; groups while it is in
 * force and being proven; groups of some tasks for as long as it is in force.
 */
export type Stage = 'trial' | 'probation' | 'holdback';

/** A task that has its arm. */
export interface AssignedTask {
  readonly taskId: string;
  readonly arm: Arm;
  readonly assignTimeMs: number;
  readonly kind: string;
  /** Predicted log latency. */
  readonly predicted: number;
  /** `undefined`: it has not ended yet. */
  readonly outcome: Outcome | undefined;
}

/** A task that waits for the other one of its pair. */
export interface WaitingTask {
  /** Of its coin. */
  readonly number: number;
  readonly task: AssignedTask;
  /** Assignments that had been made before it. */
  readonly openedAt: number;
}

/** Tasks that are compared with each other: a pair, or a group. */
export interface TaskSet {
  /** Of its coin. */
  readonly number: number;
  /** Tasks that it is to have: 2, or `GROUP_TASKS`; fewer where a group was cut short. */
  readonly size: number;
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

/** Counts with so many more of one arm. */
export function plusCount(counts: Counts, arm: Arm, count: number): Counts {
  return { ...counts, [arm]: counts[arm] + count };
}

/** A task that was given up, and what its late report said. */
export interface LostTask {
  readonly taskId: string;
  readonly set: number;
  readonly arm: Arm;
  readonly assignTimeMs: number;
  /** `undefined`: no report has come. */
  readonly late: Outcome | undefined;
}

/**
 * A trial as it stands: a fold over its steps. Immutable. Invariants: a task has at most one arm; a
 * set has one coin; sets are counted in the order in which their last task was dispatched, however
 * their reports arrive, so that no arm gains by being reported sooner.
 */
export interface Trial {
  readonly plan: TrialPlan;
  readonly stage: Stage;
  /** Stages begun, parts of holdback included; names the seed. */
  readonly stages: number;
  readonly commitment: string;
  readonly startTimeMs: number;
  /** Unix time. */
  readonly startWallMs: number;
  readonly stageTimeMs: number;
  /** Steps so far, and the hash of the newest one's receipt. */
  readonly steps: number;
  readonly hash: string;
  /** In order of dispatch. */
  readonly evidence: Evidence;
  /** In order of arrival: it only suspends. The very same object while there is no difference. */
  readonly arrival: Evidence;
  /** Bets that tasks of one arm tell less: cancelled, or without what the primary metric needs. */
  readonly untold: Bets;
  /** Tasks in the sets that this trial has counted. */
  readonly tasksUsed: number;
  /** Coins tossed. */
  readonly tossed: number;
  /** Oldest first. */
  readonly waiting: readonly WaitingTask[];
  /** In order of their last task's dispatch. */
  readonly sets: readonly TaskSet[];
  /** Sets counted since the trial began, for counting again; empty in holdback. */
  readonly counted: readonly TaskSet[];
  /** The newest tasks that were given an arm, in order: `MAX_REMEMBERED`. */
  readonly assignments: readonly { readonly taskId: string; readonly arm: Arm }[];
  /** Tasks that were given an arm in this stage, those left out by pauses aside; and in all. */
  readonly assigned: number;
  readonly dispatched: number;
  /** What predictions are made from: the history, then tasks of counted pairs. */
  readonly seen: readonly Seen[];
  readonly block: Block | undefined;
  /** The first half of the pair whose second block is due or runs. */
  readonly firstBlock: ClosedBlock | undefined;
  /** Tasks that were to tell something, until holdback; what was left out is not among them. */
  readonly expected: Counts;
  /** Those of them without an outcome in time, and those that were cancelled. */
  readonly missing: Counts;
  readonly cancelled: Counts;
  /** The newest tasks that were given up. */
  readonly lost: readonly LostTask[];
  /** The longest time from dispatch to report, in milliseconds. */
  readonly longestMs: number;
  /** Failures among the newest outcomes of each arm, in pairs that were counted: `OUTAGE_TASKS`. */
  readonly recentFailures: Readonly<Record<Arm, readonly boolean[]>>;
  readonly pauses: readonly PauseReason[];
  /** Since when harm by arrival has suspended it; `undefined`: it is not suspended. */
  readonly suspendedMs: number | undefined;
  /** Tasks ever recorded from which the next group of probation may begin. */
  readonly nextTask: number;
  readonly holdback: HoldbackState | undefined;
}

/** Outcomes of each arm that an outage is seen by. */
export const OUTAGE_TASKS = 10;

/** Assignments remembered, so that a task that asks again has the same arm. */
export const MAX_REMEMBERED = 1000;

/** The trial after its first step. */
export function startTrial(
  plan: TrialPlan,
  { timeMs, wallMs = timeMs, commitment }: StageStart,
): Trial {
  const none = { old: 0, new: 0 };
  const evidence = isOfThisFormat(plan)
    ? (plan.carried ?? [plan.primary, ...plan.guards].map((metric) => noEvidence(metric, plan)))
    : [];
  return {
    plan,
    stage: 'trial',
    stages: 1,
    commitment,
    startTimeMs: timeMs,
    startWallMs: wallMs,
    stageTimeMs: timeMs,
    steps: 0,
    hash: firstHash(plan.deltaId),
    evidence,
    arrival: evidence,
    untold: openBets('rate'),
    tasksUsed: 0,
    tossed: 0,
    waiting: [],
    sets: [],
    counted: [],
    assignments: [],
    assigned: 0,
    dispatched: 0,
    seen: plan.history ?? [],
    block: undefined,
    firstBlock: undefined,
    expected: none,
    missing: none,
    cancelled: none,
    lost: [],
    longestMs: 0,
    recentFailures: { old: [], new: [] },
    pauses: [],
    suspendedMs: undefined,
    nextTask: 0,
    holdback: undefined,
  };
}

/** When a trial began, and what its coins are committed to. */
interface StageStart {
  readonly timeMs: number;
  readonly wallMs?: number | undefined;
  readonly commitment: string;
}

/** Whether a trial can be gone on with: an earlier release's has other evidence. */
export function isOfThisFormat({ format }: Pick<TrialPlan, 'format'>): boolean {
  return format === TRIAL_FORMAT;
}

/** Whether groups are compared and no longer pairs: the value is in force, and not by blocks. */
export function isByGroups({ stage, plan }: Pick<Trial, 'stage' | 'plan'>): boolean {
  return stage !== 'trial' && plan.assignment === 'task';
}

/** The arm whose value is in force, but for what the blocks of a switchback do meanwhile. */
export function standingArm({ stage, suspendedMs }: Pick<Trial, 'stage' | 'suspendedMs'>): Arm {
  return stage === 'trial' || suspendedMs !== undefined ? 'old' : 'new';
}

/** Whether every task of a set has its outcome. */
export function isComplete({ size, tasks }: TaskSet): boolean {
  return tasks.length === size && tasks.every(({ outcome }) => outcome !== undefined);
}

/** Whether a set still takes tasks. */
export function isFilling({ size, tasks }: TaskSet): boolean {
  return size === GROUP_TASKS && tasks.length < size;
}

/**
 * Whether a trial only waits for reports that may still come late: nothing of it is compared
 * meanwhile, and the old value is in force.
 */
export function isSettling({ suspendedMs, sets }: Trial): boolean {
  return suspendedMs !== undefined && sets.length === 0;
}
