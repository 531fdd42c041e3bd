import { own } from '../domain/value.ts';
import { type Arm, drawBeginning, drawEntry, drawPlace, otherArm, tossCoin } from './arm.ts';
import { shareWithin } from './budget.ts';
import { GROUP_TASKS } from './evidence/group-score.ts';
import type { TrialPlan } from './plan.ts';
import { kindOf, predictLogLatency } from './predict.ts';
import { isHelpful } from './promotion.ts';
import type { BlockStarted, TaskAssigned } from './step.ts';
import { tasksLeft } from './task-limits.ts';
import { isFilling } from './task-set.ts';
import { openTasks, type Stage, type Trial, type WaitingTask } from './trial.ts';
import { isThinned } from './verdict.ts';

/** A task that is about to run. */
export interface Dispatch {
  readonly taskId: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The client that runs it; empty or absent: not known. */
  readonly clientId?: string;
  /** The one parameter that it asks for; absent: all. Only trials of that one take it. */
  readonly target?: string;
}

/** A task's arm in the trial of a delta. */
export interface Assignment {
  readonly deltaId: string;
  readonly arm: Arm;
  readonly stage: Stage;
}

/** The inputs of an assignment besides the trial. */
export interface Assigning {
  readonly taskId: string;
  /** The result of `kindOfTask`. */
  readonly kind: string;
  /** The result of `cohortOfTask`. */
  readonly cohort?: string | undefined;
  readonly timeMs: number;
  /** Seed of the current stage. */
  readonly seed: string;
}

/** Tasks are paired if their predicted log latencies differ by less than this. */
const MAX_UNLIKENESS = 0.25;

/** Maximum number of waiting tasks; at this number, a task is paired with the nearest one, whatever the distance. */
const MAX_WAITING = 6;

/** The arm that a task was assigned, if any. */
export function armOf(
  { assignments, waiting, sets, lost }: Pick<Trial, 'assignments' | 'waiting' | 'sets' | 'lost'>,
  taskId: string,
): Arm | undefined {
  const isMeant = (one: { readonly taskId: string }) => one.taskId === taskId;
  // A task that runs for long is still open after its assignment is forgotten.
  return (
    assignments.findLast(isMeant) ??
    openTasks({ waiting, sets }).find(isMeant) ??
    lost.find(isMeant)
  )?.arm;
}

/** The values of the labels by which a task is paired or its latency predicted, as one string. */
export function kindOfTask(
  { pairBy, predictBy }: TrialPlan,
  labels: Readonly<Record<string, string>>,
): string {
  return kindOf(labels, pairBy.length > 0 ? pairBy : predictBy);
}

/** The task's value of the plan's cohorts' label, if it is one that the plan tells apart. */
export function cohortOfTask(
  { cohorts }: TrialPlan,
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const value = cohorts && own(labels, cohorts.label);
  return value !== undefined && cohorts?.values.includes(value) ? value : undefined;
}

/** What chance decides for a task; each is called only if it matters. */
export interface Draws {
  /** Whether it takes part, within the trial's budget. */
  readonly mayEnter: () => boolean;
  /** Whether it may begin a group. */
  readonly mayBegin: () => boolean;
}

/** @param seed of the current stage */
export function drawsOf(trial: Trial, seed: () => string, taskId: string): Draws {
  const { plan, stage } = trial;
  return {
    mayEnter: () => drawEntry(seed(), taskId, shareWithin(plan, stage)),
    mayBegin: () => drawBeginning(seed(), taskId, shareOfBeginnings(trial)),
  };
}

/** Whether the trial assigns an arm to a task. */
export function takesTask(trial: Trial, { mayEnter, mayBegin }: Draws): boolean {
  const { plan, pauses, suspendedMs, sets, stage } = trial;
  if (plan.assignment !== 'task' || pauses.length > 0 || suspendedMs !== undefined) return false;
  if (plan.budget !== undefined && !mayEnter()) return false;
  if (sets.some(isFilling)) return true;
  if (stage === 'holdback') return mayBegin();
  if (tasksLeft(trial) <= 0) return false;
  return stage === 'trial' ? !isHelpful(trial) : mayBegin();
}

/**
 * The probability p that a task begins a group when none is open. One of the five tasks of a group keeps the old value,
 * and a group begins every 1/p + 4 tasks: so p = 1 / (1/h - 4) keeps it for a share h (holdback). A thinned probation
 * leaves five tasks between groups, on average. Within a budget, the tasks between groups have the old value, and
 * nothing is gained by fewer groups.
 */
function shareOfBeginnings(trial: Trial): number {
  if (trial.stage === 'holdback') return 1 / (1 / trial.plan.holdback - (GROUP_TASKS - 1));
  return trial.plan.budget === undefined && isThinned(trial) ? 1 / (GROUP_TASKS + 1) : 1;
}

/** Assigns an arm to a task; `undefined` if the task runs with the live value, outside the trial. */
export function assignTask(
  trial: Trial,
  assigning: Assigning,
  draws = drawsOf(trial, () => assigning.seed, assigning.taskId),
): TaskAssigned | undefined {
  if (!takesTask(trial, draws)) return undefined;
  return trial.stage === 'trial' ? pairTask(trial, assigning) : groupTask(trial, assigning);
}

/**
 * Pairs a task with the oldest waiting task if that has waited too long, else with one of the same kind or the nearest
 * predicted latency; where the plan tells cohorts apart, only with one of its own. Pairs never depend on outcomes that
 * are not counted yet.
 */
function pairTask(trial: Trial, { seed, ...assigning }: Assigning): TaskAssigned {
  const { plan, seen } = trial;
  const isPredicted = plan.pairBy.length === 0 && plan.predictBy.length > 0;
  const predicted = isPredicted ? predictLogLatency(seen, assigning.kind) : 0;
  const partner = partnerOf(trial, assigning, predicted);
  const number = partner?.number ?? trial.tossed + 1;
  const arm = partner === undefined ? tossCoin(seed, number) : otherArm(partner.task.arm);
  return { step: 'assign', ...assigning, set: number, arm, predicted };
}

function partnerOf(
  trial: Trial,
  { kind, cohort }: Pick<Assigning, 'kind' | 'cohort'>,
  predicted: number,
): WaitingTask | undefined {
  const { plan, dispatched } = trial;
  const waiting = trial.waiting.filter(({ task }) => task.cohort === cohort);
  const [oldest] = waiting;
  if (oldest === undefined) return undefined;
  const isDue = dispatched - oldest.openedAt > plan.pairWaitTasks;
  // The last tasks must not stay unpaired.
  if (isDue || tasksLeft(trial) <= waiting.length) return oldest;
  if (plan.pairBy.length > 0) return waiting.find(({ task }) => task.kind === kind);
  const distance = ({ task }: WaitingTask) => Math.abs(task.predicted - predicted);
  const nearest = waiting.reduce((best, one) => (distance(one) < distance(best) ? one : best));
  return distance(nearest) < MAX_UNLIKENESS || waiting.length >= MAX_WAITING ? nearest : undefined;
}

/** Adds a task to the unfilled group, or begins one. One task of a group, drawn at random, gets the old value. */
function groupTask(trial: Trial, { seed, ...assigning }: Assigning): TaskAssigned {
  const filling = trial.sets.find(isFilling);
  const number = filling?.number ?? trial.tossed + 1;
  const place = filling?.tasks.length ?? 0;
  const arm = drawPlace(seed, number) === place ? 'old' : 'new';
  return { step: 'assign', ...assigning, set: number, arm, predicted: 0 };
}

/** The pair and the arm of the next block. */
export function nextBlock(trial: Trial, seed: string): Pick<BlockStarted, 'set' | 'arm'> {
  const { blocks, tossed } = trial;
  const first = blocks.length % 2 === 1 ? blocks.at(-1) : undefined;
  if (first !== undefined) return { set: tossed, arm: otherArm(first.arm) };
  const set = tossed + 1;
  return { set, arm: tossCoin(seed, set) };
}
