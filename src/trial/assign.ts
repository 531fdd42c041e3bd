import { type Arm, drawGap, drawPlace, GROUP_TASKS, otherArm, tossCoin } from './arm.ts';
import { partEnd } from './holdback.ts';
import type { TrialPlan } from './plan.ts';
import { kindOf, predictLogLatency } from './predict.ts';
import type { BlockStarted, TaskAssigned } from './step.ts';
import { isFilling, type Stage, type Trial, type WaitingTask } from './trial.ts';
import { isHelpful, isThinned, tasksLeft } from './verdict.ts';

/** A task that is about to run. */
export interface Dispatch {
  readonly taskId: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A delta that a task takes part in the proving of, and its arm. */
export interface Assignment {
  readonly deltaId: string;
  readonly arm: Arm;
  readonly stage: Stage;
}

/** What an assignment depends on beside the trial. */
export interface Assigning {
  readonly taskId: string;
  /** `kindOfTask`. */
  readonly kind: string;
  readonly timeMs: number;
  /** Tasks ever recorded. */
  readonly recorded: number;
  /** Of the stage that the trial is in. */
  readonly seed: string;
}

/** Tasks whose predicted log latencies differ by less are alike. */
const MAX_UNLIKENESS = 0.25;

/** So many may wait for their like; with more, the nearest is taken. */
const MAX_WAITING = 6;

/** The arm that a task of the trial was given; `undefined`: none. */
export function armOf(
  { assignments }: Pick<Trial, 'assignments'>,
  taskId: string,
): Arm | undefined {
  return assignments.findLast((one) => one.taskId === taskId)?.arm;
}

/** The values of the labels that a task of a trial is paired or predicted by, as one text. */
export function kindOfTask(
  { pairBy, predictBy }: TrialPlan,
  labels: Readonly<Record<string, string>>,
): string {
  return kindOf(labels, pairBy.length > 0 ? pairBy : predictBy);
}

/** Whether the trial gives the next task that asks an arm. */
export function takesTasks(trial: Trial, recorded: number): boolean {
  const { plan, pauses, suspendedMs, sets, stage, holdback } = trial;
  if (plan.assignment !== 'task' || pauses.length > 0 || suspendedMs !== undefined) return false;
  if (sets.some(isFilling)) return true;
  if (holdback !== undefined) {
    return recorded >= holdback.nextTask && recorded < partEnd(holdback);
  }
  if (tasksLeft(trial) <= 0) return false;
  return stage === 'trial' ? !isHelpful(trial) : recorded >= trial.nextTask;
}

/** Gives a task its arm; `undefined`: it runs on the value in force, outside the trial. */
export function assignTask(trial: Trial, assigning: Assigning): TaskAssigned | undefined {
  if (!takesTasks(trial, assigning.recorded)) return undefined;
  return trial.stage === 'trial' ? pairTask(trial, assigning) : groupTask(trial, assigning);
}

/**
 * Pairs are formed by labels and order alone, never by outcomes: with the oldest that has waited for
 * too long, else with the one whose predicted latency is nearest.
 */
function pairTask(trial: Trial, { seed, ...assigning }: Assigning): TaskAssigned {
  const { plan, seen } = trial;
  const isPredicted = plan.pairBy.length === 0 && plan.predictBy.length > 0;
  const predicted = isPredicted ? predictLogLatency(seen, assigning.kind) : 0;
  const partner = partnerOf(trial, assigning.kind, predicted);
  const number = partner?.number ?? trial.tossed + 1;
  const arm = partner === undefined ? tossCoin(seed, number) : otherArm(partner.task.arm);
  return { step: 'assign', ...assigning, set: number, arm, predicted };
}

function partnerOf(trial: Trial, kind: string, predicted: number): WaitingTask | undefined {
  const { waiting, plan, dispatched } = trial;
  const [oldest] = waiting;
  if (oldest === undefined) return undefined;
  const isDue = dispatched - oldest.openedAt > plan.pairWaitTasks;
  // With few tasks left to assign, none may stay single.
  if (isDue || tasksLeft(trial) <= waiting.length) return oldest;
  if (plan.pairBy.length > 0) return waiting.find(({ task }) => task.kind === kind);
  const distance = ({ task }: WaitingTask) => Math.abs(task.predicted - predicted);
  const nearest = waiting.reduce((best, one) => (distance(one) < distance(best) ? one : best));
  return distance(nearest) < MAX_UNLIKENESS || waiting.length >= MAX_WAITING ? nearest : undefined;
}

/** Groups are of consecutive dispatches, one of which, by a draw, has the old value. */
function groupTask(trial: Trial, { seed, ...assigning }: Assigning): TaskAssigned {
  const filling = trial.sets.find(isFilling);
  const number = filling?.number ?? trial.tossed + 1;
  const place = filling?.tasks.length ?? 0;
  const arm = drawPlace(seed, number) === place ? 'old' : 'new';
  const step = { step: 'assign', ...assigning, set: number, arm, predicted: 0 } as const;
  if (place < GROUP_TASKS - 1) return step;
  // The gap begins behind this task.
  const from = assigning.recorded + 1;
  if (trial.stage === 'holdback') {
    return { ...step, nextTask: nextGroupTask(trial.plan, seed, number, from) };
  }
  return isThinned(trial) ? { ...step, nextTask: from + GROUP_TASKS } : step;
}

/** When the first group of a part of holdback may begin, by tasks ever recorded. */
export function firstGroupTask(plan: TrialPlan, seed: string, recorded: number): number {
  return nextGroupTask(plan, seed, 0, recorded);
}

/** When a group of holdback may begin, by tasks ever recorded, so that its share is kept. */
function nextGroupTask(plan: TrialPlan, seed: string, number: number, recorded: number): number {
  return recorded + drawGap(seed, number, longestGap(plan));
}

/** Tasks between a group of holdback and the next one, at most. */
export function longestGap({ holdback }: TrialPlan): number {
  return holdback === 0 ? 0 : Math.round(2 * (1 / holdback - GROUP_TASKS));
}

/** What the next block is; it starts with a switch of its own, whichever value is in force. */
export function nextBlock(trial: Trial, seed: string): Pick<BlockStarted, 'set' | 'arm'> {
  const { firstBlock, tossed } = trial;
  if (firstBlock !== undefined) return { set: tossed, arm: otherArm(firstBlock.arm) };
  const set = tossed + 1;
  return { set, arm: tossCoin(seed, set) };
}
