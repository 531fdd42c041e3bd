import { addSet, countComplete, isCancelled } from './count.ts';
import type { Evidence } from './evidence/evidence.ts';
import { GROUP_TASKS } from './evidence/group-score.ts';
import { LOST, type Outcome } from './evidence/outcome.ts';
import {
  foldAcknowledgement,
  foldBlock,
  foldBlockOutcome,
  foldLateInBlock,
  foldRest,
  foldSettled,
  foldTimedOut,
} from './fold-blocks.ts';
import { beginHoldback, nextStage, pause, resume, suspend } from './fold-stages.ts';
import type { Receipt } from './receipt.ts';
import type { OutcomeRecorded, OutcomesMissing, TaskAssigned, TrialStep } from './step.ts';
import { type AssignedTask, isComplete, isFilling, type TaskSet } from './task-set.ts';
import {
  isOfThisFormat,
  type LostTask,
  MAX_REMEMBERED,
  plusCount,
  startTrial,
  type Trial,
} from './trial.ts';

/** Timed-out tasks remembered for their late reports. */
const MAX_LOST = 1000;

/** The trial after a receipt; `undefined`: it is over, or its first receipt is missing. */
export function foldReceipt(trial: Trial | undefined, receipt: Receipt): Trial | undefined {
  const { step, number, hash } = receipt;
  if (step.step === 'end') return undefined;
  const before = trialBefore(trial, step);
  if (before === undefined) return undefined;
  const after = isOfThisFormat(before.plan) ? foldStep(before, step) : before;
  return after && { ...after, steps: number, hash };
}

/** `start` begins a trial, and so does `renew` if the receipts before it were dropped. */
function trialBefore(trial: Trial | undefined, step: TrialStep): Trial | undefined {
  if (step.step === 'start') return startTrial(step.plan, step);
  if (step.step === 'renew') return trial ?? startTrial(step.plan, step);
  return trial;
}

/** The newest fold of a step. */
interface Folded {
  readonly before: Trial;
  readonly after: Trial | undefined;
}

const folds = new WeakMap<TrialStep, Folded>();

/**
 * The trial after a step; `undefined`: it is over. The result is cached, since a decision folds a step
 * and the ledger then folds the same step into the same trial.
 */
function foldStep(trial: Trial, step: TrialStep): Trial | undefined {
  const known = folds.get(step);
  if (known?.before === trial) return known.after;
  const after = takeStep(trial, step);
  folds.set(step, { before: trial, after });
  return after;
}

/** Caches the fold of `other` for `step`, which differs only in what the fold does not read. */
export function foldsAs<T extends TrialStep>(step: T, other: TrialStep): T {
  const known = folds.get(other);
  if (known !== undefined) folds.set(step, known);
  return step;
}

function takeStep(trial: Trial, step: TrialStep): Trial | undefined {
  switch (step.step) {
    case 'start':
      return trial;
    case 'end':
      return undefined;
    case 'assign':
      return foldAssignment(trial, step);
    case 'block':
      return foldBlock(trial, step);
    case 'acknowledged':
      return foldAcknowledgement(trial, step.timeMs);
    case 'settle':
      return foldSettled(trial);
    case 'rest':
      return foldRest(trial, step);
    case 'outcome':
      return foldOutcome(trial, step);
    case 'late':
      return foldLate(trial, step);
    case 'missing':
      return foldMissing(trial, step);
    case 'pause':
      return pause(trial, step);
    case 'resume':
      return resume(trial, step);
    case 'suspend':
      return suspend(trial, step.timeMs);
    case 'continue':
      return { ...trial, suspendedMs: undefined, arrival: trial.evidence };
    case 'promote':
      return nextStage(trial, step, 'probation');
    case 'confirm':
    case 'renew':
      return beginHoldback(trial, step);
  }
}

/** The trial after a step that does not end it; throws if it does. */
export function foldRunning(trial: Trial, step: TrialStep): Trial {
  const after = foldStep(trial, step);
  if (after === undefined) throw new Error(`the trial is over after step ${step.step}`);
  return after;
}

function foldAssignment(trial: Trial, step: TaskAssigned): Trial {
  const { taskId, set: number, arm, kind, predicted, timeMs } = step;
  const task = { taskId, arm, assignTimeMs: timeMs, kind, predicted, outcome: undefined };
  return {
    ...trial,
    ...(trial.stage === 'trial'
      ? joinPair(trial, number, task)
      : { sets: joinGroup(trial.sets, number, task) }),
    tossed: Math.max(trial.tossed, number),
    assignments: [...trial.assignments.slice(1 - MAX_REMEMBERED), { taskId, arm }],
    assigned: trial.assigned + 1,
    dispatched: trial.dispatched + 1,
    expected: plusCount(trial.expected, arm, 1),
  };
}

function joinPair(trial: Trial, number: number, task: AssignedTask) {
  const { waiting, sets, dispatched } = trial;
  const partner = waiting.find((one) => one.number === number);
  if (partner === undefined) {
    return { waiting: [...waiting, { number, task, openedAt: dispatched }] };
  }
  return {
    waiting: waiting.filter((one) => one !== partner),
    sets: [...sets, { number, size: 2, tasks: [partner.task, task] }],
  };
}

function joinGroup(
  sets: readonly TaskSet[],
  number: number,
  task: AssignedTask,
): readonly TaskSet[] {
  return sets.some((set) => set.number === number && isFilling(set))
    ? replaceSet(sets, number, (set) => ({ ...set, tasks: [...set.tasks, task] }))
    : [...sets, { number, size: GROUP_TASKS, tasks: [task] }];
}

function foldOutcome(trial: Trial, step: OutcomeRecorded): Trial {
  if (trial.plan.assignment === 'switchback') return foldBlockOutcome(trial, step);
  const longestMs = Math.max(trial.longestMs, step.sinceMs);
  return takeOutcomes({ ...trial, longestMs }, new Map([[step.taskId, step.outcome]]));
}

function foldMissing(trial: Trial, step: OutcomesMissing): Trial {
  if (trial.plan.assignment === 'switchback') return foldTimedOut(trial, step);
  const { taskIds } = step;
  const timedOut = new Set(taskIds);
  const tasks = [
    ...trial.waiting.map(({ number, task }) => ({ set: number, task })),
    ...trial.sets.flatMap((set) => set.tasks.map((task) => ({ set: set.number, task }))),
  ].filter(({ task }) => timedOut.has(task.taskId) && task.outcome === undefined);
  const lost = tasks.map(({ set, task: { taskId, arm, assignTimeMs } }) => ({
    taskId,
    set,
    arm,
    assignTimeMs,
    late: undefined,
  }));
  const missing = lost.reduce((counts, { arm }) => plusCount(counts, arm, 1), trial.missing);
  return takeOutcomes(
    { ...trial, missing, lost: [...trial.lost, ...lost].slice(-MAX_LOST) },
    new Map(taskIds.map((taskId) => [taskId, LOST])),
  );
}

/** Sets outcomes of tasks, and counts the sets that are complete then. */
function takeOutcomes(trial: Trial, outcomes: ReadonlyMap<string, Outcome>): Trial {
  let { cancelled } = trial;
  const ended = (task: AssignedTask): AssignedTask => {
    const outcome = task.outcome === undefined ? outcomes.get(task.taskId) : undefined;
    if (outcome === undefined) return task;
    if (isCancelled(outcome)) cancelled = plusCount(cancelled, task.arm, 1);
    return { ...task, outcome };
  };
  const waiting = trial.waiting.map((one) => ({ ...one, task: ended(one.task) }));
  const completed: TaskSet[] = [];
  const sets = trial.sets.map((set) => {
    if (!set.tasks.some(({ taskId }) => outcomes.has(taskId))) return set;
    const changed = { ...set, tasks: set.tasks.map(ended) };
    if (isComplete(changed) && !isComplete(set)) completed.push(changed);
    return changed;
  });
  const counted = countComplete({ ...trial, waiting, sets, cancelled });
  return { ...counted, arrival: arrivalAfter(trial, completed, sets, counted) };
}

/** The evidence in order of arrival; while that is the order of dispatch, `counted.evidence` itself. */
function arrivalAfter(
  { arrival, evidence, plan, stage }: Trial,
  completed: readonly TaskSet[],
  sets: readonly TaskSet[],
  counted: Trial,
): Evidence {
  if (stage === 'holdback' || completed.length === 0) return arrival;
  const isNext = arrival === evidence && completed.length === 1 && completed[0] === sets[0];
  if (isNext) return counted.evidence;
  return completed.reduce((sum, set) => addSet(sum, set, plan), arrival);
}

function foldLate(trial: Trial, step: OutcomeRecorded): Trial {
  if (trial.plan.assignment === 'switchback') return foldLateInBlock(trial, step);
  const { taskId, outcome, sinceMs } = step;
  const lost = trial.lost.map(
    (one): LostTask => (one.taskId === taskId ? { ...one, late: outcome } : one),
  );
  return { ...trial, lost, longestMs: Math.max(trial.longestMs, sinceMs) };
}

function replaceSet(
  sets: readonly TaskSet[],
  number: number,
  change: (set: TaskSet) => TaskSet,
): readonly TaskSet[] {
  return sets.map((set) => (set.number === number ? change(set) : set));
}
