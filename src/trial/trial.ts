import type { Arm } from './arm.ts';
import type { TasksBeside } from './beside.ts';
import type { Block } from './block.ts';
import type { CohortEvidence } from './cohorts.ts';
import { type Compared, nothingCompared } from './compared.ts';
import { type Bets, openBets } from './evidence/bets.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { Outcome } from './evidence/outcome.ts';
import { initialEvidence, tasksIn } from './evidence-before.ts';
import type { HoldbackState } from './holdback.ts';
import { formatOf, LEAST_FACTOR, MAX_OUTCOME_TIMEOUT_MS, type TrialPlan } from './plan.ts';
import type { Seen } from './predict.ts';
import { firstHash } from './receipt.ts';
import type { PauseReason, TrialStarted } from './step.ts';
import type { AssignedTask, TaskSet } from './task-set.ts';

/**
 * `trial`: pairs are compared, and the new value is not live yet. `probation`: the new value is live (within a
 * budget, not yet), and one task of each group keeps the old one. `holdback`: the change is confirmed, and a share of the tasks is compared in groups for
 * as long as the new value is live.
 */
export type Stage = 'trial' | 'probation' | 'holdback';

/** The first task of a pair, which waits for the second. */
export interface WaitingTask {
  /** Number of the pair; with the stage's seed, it determines the arms. */
  readonly number: number;
  readonly task: AssignedTask;
  /** `Trial.dispatched` when the task was assigned its arm. */
  readonly openedAt: number;
}

/** A pair of blocks that was counted. */
export interface CountedPair {
  readonly blocks: readonly Block[];
  /** The fields that counting the pair changed, as they were before. */
  readonly before: Pick<
    Trial,
    'evidence' | 'untold' | 'compared' | 'tasksUsed' | 'expected' | 'missing' | 'cancelled'
  >;
}

/** Tasks by arm. */
export type ArmCounts = Readonly<Record<Arm, number>>;

/** Adds `count` tasks to one arm. */
export function plusCount(counts: ArmCounts, arm: Arm, count: number): ArmCounts {
  return { ...counts, [arm]: counts[arm] + count };
}

/** A task whose outcome timed out. */
export interface LostTask {
  readonly taskId: string;
  readonly set: number;
  readonly arm: Arm;
  readonly assignTimeMs: number;
  /** The outcome of a late report, if any. */
  readonly late: Outcome | undefined;
}

/** The state of a trial: an immutable fold over its steps (`fold.ts`, with its invariants). */
export interface Trial {
  readonly plan: TrialPlan;
  readonly stage: Stage;
  /** Stages begun, parts of a holdback included; the number of the current seed. */
  readonly stages: number;
  /** SHA-256 of the current stage's seed. */
  readonly commitment: string;
  readonly startTimeMs: number;
  /** Unix time at which the trial began. */
  readonly startWallMs: number;
  /** When the current stage began. */
  readonly stageTimeMs: number;
  /** Steps so far, and the hash of the newest receipt. */
  readonly steps: number;
  readonly hash: string;
  /** Evidence of the sets in order of dispatch; verdicts rest on it. */
  readonly evidence: Evidence;
  /**
   * Evidence of the sets in order of arrival, and of blocks by the reports that ended them; it only suspends a trial.
   * In a trial of single tasks, it is the same object as `evidence` while both are equal.
   */
  readonly arrival: Evidence;
  /** Evidence that one arm has more tasks without data: cancelled, or without the primary metric or a guard. */
  readonly untold: Bets;
  /** Evidence of the plan's cohorts, up to the promotion; absent in a trial that tells none apart. */
  readonly byCohort?: CohortEvidence | undefined;
  /** Tasks in counted sets, those of carried evidence not included. */
  readonly tasksUsed: number;
  /** Sums over counted sets and blocks in natural units, up to the confirmation. */
  readonly compared: Compared;
  /** What tasks showed that also had an arm in the trial of another parameter. */
  readonly beside: readonly TasksBeside[];
  /** Number of the newest set or pair of blocks. */
  readonly tossed: number;
  /** Oldest first. */
  readonly waiting: readonly WaitingTask[];
  /** Sets that are not counted yet, in order of their last task's dispatch. */
  readonly sets: readonly TaskSet[];
  /** Counted sets, for a recount with late reports; empty in holdback. */
  readonly counted: readonly TaskSet[];
  /** The newest `MAX_REMEMBERED` tasks that were assigned an arm, oldest first. */
  readonly assignments: readonly { readonly taskId: string; readonly arm: Arm }[];
  /** Tasks assigned an arm in this stage, without those left out; `blockTasks` for each block of an ended pair. */
  readonly assigned: number;
  /** Tasks assigned an arm since the trial, or this part of the holdback, began. */
  readonly dispatched: number;
  /** Tasks for predictions, oldest first: the history, then those of counted pairs. */
  readonly seen: readonly Seen[];
  /** Blocks whose pair is not counted yet, oldest first; only the last one may be running. */
  readonly blocks: readonly Block[];
  /** Pairs of blocks that are counted, oldest first: a late report has them counted again. */
  readonly countedPairs: readonly CountedPair[];
  /** Reports of tasks in blocks. */
  readonly placed: number;
  /**
   * Tasks ever recorded when the last pair of blocks ended without any report: no block begins until another task is
   * recorded. `undefined` if that pair had reports.
   */
  readonly quietSince: number | undefined;
  /** No block runs, and the value of `restingArm` is live. */
  readonly isResting: boolean;
  /** Tasks ever recorded when the rest began; `undefined` if none lasts, or the trial has no budget. */
  readonly restedAt: number | undefined;
  /** Tasks assigned an arm, without those that were left out. */
  readonly expected: ArmCounts;
  /** Tasks in `expected` that were not reported in time, and those that were cancelled. */
  readonly missing: ArmCounts;
  readonly cancelled: ArmCounts;
  /** The newest tasks that timed out; empty in a trial in blocks. */
  readonly lost: readonly LostTask[];
  /** The longest time to a report, in milliseconds: from the task's assignment, or from its block's end. */
  readonly longestMs: number;
  /** Whether each of the newest `OUTAGE_TASKS` counted tasks of an arm failed, oldest first. */
  readonly recentFailures: Readonly<Record<Arm, readonly boolean[]>>;
  readonly pauses: readonly PauseReason[];
  /** When the current pause, or this stage if later, began; `undefined` if the trial is not paused. */
  readonly pausedSinceMs: number | undefined;
  /** How long the ended pauses of this stage lasted, in milliseconds. */
  readonly pausedMs: number;
  /** When the trial was suspended because evidence showed harm; `undefined` if it is not suspended. */
  readonly suspendedMs: number | undefined;
  readonly holdback: HoldbackState | undefined;
}

/** Number of the newest outcomes of each arm by which an outage is detected. */
export const OUTAGE_TASKS = 10;

/** Number of assignments remembered, so that a task that asks again gets the same arm. */
export const MAX_REMEMBERED = 1000;

/** Waiting tasks, each as a set of its own, and the sets that are not counted yet. */
export function openSets({ waiting, sets }: Pick<Trial, 'waiting' | 'sets'>) {
  return [...waiting.map(({ number, task }) => ({ number, tasks: [task] })), ...sets];
}

/** Assigned tasks that are not counted yet. */
export function openTasks(trial: Pick<Trial, 'waiting' | 'sets'>): readonly AssignedTask[] {
  return openSets(trial).flatMap(({ tasks }) => tasks);
}

/** The trial after its first step. */
export function startTrial(
  plan: TrialPlan,
  start: Pick<TrialStarted, 'timeMs' | 'wallMs' | 'commitment'>,
): Trial {
  const { timeMs, wallMs = timeMs, commitment } = start;
  const none = { old: 0, new: 0 };
  const evidence = isOfThisFormat(plan) ? initialEvidence(plan) : [];
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
    ...(plan.cohorts === undefined ? {} : { byCohort: {} }),
    tasksUsed: plan.splitFrom === undefined ? 0 : tasksIn(evidence),
    compared: nothingCompared(plan),
    beside: [],
    tossed: 0,
    waiting: [],
    sets: [],
    counted: [],
    assignments: [],
    assigned: 0,
    dispatched: 0,
    seen: plan.history ?? [],
    blocks: [],
    countedPairs: [],
    placed: 0,
    quietSince: undefined,
    isResting: false,
    restedAt: undefined,
    expected: none,
    missing: none,
    cancelled: none,
    lost: [],
    longestMs: 0,
    recentFailures: { old: [], new: [] },
    pauses: [],
    pausedSinceMs: undefined,
    pausedMs: 0,
    suspendedMs: undefined,
    holdback: undefined,
  };
}

/** Whether this release can continue a trial; earlier formats keep other evidence. */
export function isOfThisFormat(plan: Pick<TrialPlan, 'format' | 'assignment'>): boolean {
  return plan.format === formatOf(plan.assignment);
}

/** Whether groups are compared instead of pairs: after promotion, except in a trial in blocks. */
export function isByGroups({ stage, plan }: Pick<Trial, 'stage' | 'plan'>): boolean {
  return stage !== 'trial' && plan.assignment === 'task';
}

/** When a trial or its probation ends by time, pauses not counted; infinite while the trial is paused. */
export function timeUpMs({ stage, plan, stageTimeMs, pauses, pausedMs }: Trial): number {
  if (pauses.length > 0) return Number.POSITIVE_INFINITY;
  return stageTimeMs + pausedMs + (stage === 'trial' ? plan.maxMs : plan.probationMs);
}

/** Blocks of counted pairs, oldest first. */
export function countedBlocks({ countedPairs }: Pick<Trial, 'countedPairs'>): readonly Block[] {
  return countedPairs.flatMap(({ blocks }) => blocks);
}

/** The running block, if any. */
export function runningBlock({ blocks }: Pick<Trial, 'blocks'>): Block | undefined {
  const last = blocks.at(-1);
  return last?.endMs === undefined ? last : undefined;
}

/**
 * When the oldest pair of blocks is counted: `pairWaitMs` after its second block ended; `undefined` before that end.
 */
export function pairDueMs({
  blocks,
  plan,
  longestMs,
}: Pick<Trial, 'blocks' | 'plan' | 'longestMs'>): number | undefined {
  const [, second] = blocks;
  return second?.endMs === undefined ? undefined : second.endMs + pairWaitMs({ plan, longestMs });
}

/** How long a pair of blocks waits for reports, in milliseconds. */
export function pairWaitMs({ plan, longestMs }: Pick<Trial, 'plan' | 'longestMs'>): number {
  const seen = Math.min(LEAST_FACTOR * longestMs, MAX_OUTCOME_TIMEOUT_MS);
  return Math.max(plan.outcomeTimeoutMs, seen);
}

/** Whether there are assigned tasks, or blocks, that are not counted yet. */
export function awaitsOutcomes({ sets, blocks }: Pick<Trial, 'sets' | 'blocks'>): boolean {
  return sets.length > 0 || blocks.length > 0;
}

/**
 * Whether a suspended trial has nothing left to count and only waits for late reports before it ends. False for a trial
 * in blocks: late reports may let it continue.
 */
export function isSettling(trial: Trial): boolean {
  const { plan, suspendedMs } = trial;
  return plan.assignment === 'task' && suspendedMs !== undefined && !awaitsOutcomes(trial);
}
