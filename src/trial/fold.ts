// Folds the steps of a trial. Invariants:
//
// 1. A task has at most one arm, and the arms of a set follow from one draw of the stage's seed.
// 2. Sets and pairs of blocks are counted in the order in which their last task was dispatched, whatever the
//    order of reports: an arm that is reported sooner has no advantage. The evidence in order of reports,
//    `arrival`, only suspends a trial.
// 3. Every assigned task ends in some way: reported, lost or cancelled. `expected`, `missing` and `cancelled`
//    count tasks with an arm, without those that a pause or the end of a stage left out.
// 4. A pause leaves out whole sets, whatever was reported of them; in a suspended trial, it leaves out none.
// 5. The fold reads nothing but the trial and the step: not the step's e-values, no clock, nothing random. The
//    same receipts give the same trial, bit for bit, in a decision, in the ledger and in an audit.

import { addBeside } from './beside.ts';
import { addSet, countComplete } from './count.ts';
import { type Evidence, eHarm, eHelp, eNotWorse } from './evidence/evidence.ts';
import { GROUP_TASKS } from './evidence/group-score.ts';
import { isCancelled, LOST, type Outcome } from './evidence/outcome.ts';
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
import { firstHash, type Receipt, sealStep } from './receipt.ts';
import type {
  EValues,
  OutcomeRecorded,
  OutcomesMissing,
  PairSettled,
  TaskAssigned,
  TrialStep,
} from './step.ts';
import { type AssignedTask, isComplete, isFilling, type TaskSet } from './task-set.ts';
import {
  isOfThisFormat,
  type LostTask,
  MAX_REMEMBERED,
  openSets,
  plusCount,
  startTrial,
  type Trial,
} from './trial.ts';

/** Maximum number of timed-out tasks that are remembered for their late reports. */
const MAX_LOST = 1000;

/** The receipt of a step, and the trial after the step; `undefined` if the trial is over. */
export interface TakenStep {
  readonly receipt: Receipt;
  readonly trial: Trial | undefined;
}

/**
 * Takes a step: folds it, adds the e-values that it leads to, and seals it.
 *
 * @param trial `undefined` if the step begins the trial
 */
export function takeStep(deltaId: string, trial: Trial | undefined, step: TrialStep): TakenStep {
  const before = trialBefore(trial, step);
  const after = before && foldStep(before, step);
  const e = before && eValuesAfter(before, after, step);
  const told = e === undefined ? step : { ...step, e };
  const receipt = sealStep(trial?.hash ?? firstHash(deltaId), (trial?.steps ?? 0) + 1, told);
  return { receipt, trial: after && numbered(after, receipt) };
}

/** The trial after a receipt; `undefined` if the trial is over, or its first receipt is missing. */
export function foldReceipt(trial: Trial | undefined, receipt: Receipt): Trial | undefined {
  const before = trialBefore(trial, receipt.step);
  const after = before && foldStep(before, receipt.step);
  return after && numbered(after, receipt);
}

/** `start` begins a trial, and so does `renew` if the receipts before it were dropped. */
function trialBefore(trial: Trial | undefined, step: TrialStep): Trial | undefined {
  if (step.step === 'start') return startTrial(step.plan, step);
  if (step.step === 'renew') return trial ?? startTrial(step.plan, step);
  return trial;
}

function numbered(trial: Trial, { number, hash }: Receipt): Trial {
  return { ...trial, steps: number, hash };
}

/** The e-values that a step records; `undefined` if no set was counted with it. */
export function eValuesAfter(
  before: Trial,
  after: Trial | undefined,
  step: TrialStep,
): readonly EValues[] | undefined {
  if (!mayCount(step) || after === undefined || after.evidence === before.evidence)
    return undefined;
  return after.evidence.map((one) => [eHarm(one), eHelp(one), eNotWorse(one)] as const);
}

/** Whether a step may complete sets, so that it has e-values to record. */
export function mayCount(step: TrialStep): step is OutcomeRecorded | OutcomesMissing | PairSettled {
  return ['outcome', 'late', 'missing', 'settle'].includes(step.step);
}

/** The trial after a step; throws if the step ends the trial. */
export function foldRunning(trial: Trial, step: TrialStep): Trial {
  const after = foldStep(trial, step);
  if (after === undefined) throw new Error(`the trial is over after step ${step.step}`);
  return after;
}

/** The trial after a step; `undefined` if it is over. A trial of an earlier format does not change until its end. */
function foldStep(trial: Trial, step: TrialStep): Trial | undefined {
  if (step.step === 'end') return undefined;
  if (!isOfThisFormat(trial.plan)) return trial;
  switch (step.step) {
    case 'start':
      return trial;
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

function foldAssignment(trial: Trial, step: TaskAssigned): Trial {
  const { taskId, set: number, arm, kind, cohort, predicted, timeMs } = step;
  const its = cohort === undefined ? {} : { cohort };
  const task = { taskId, arm, assignTimeMs: timeMs, kind, ...its, predicted, outcome: undefined };
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
  if (!sets.some((set) => set.number === number && isFilling(set))) {
    return [...sets, { number, size: GROUP_TASKS, tasks: [task] }];
  }
  return sets.map((set) => (set.number === number ? { ...set, tasks: [...set.tasks, task] } : set));
}

function foldOutcome(trial: Trial, step: OutcomeRecorded): Trial {
  if (trial.plan.assignment === 'switchback') return foldBlockOutcome(trial, step);
  const longestMs = Math.max(trial.longestMs, step.sinceMs);
  const beside = addBeside(trial.beside, step, trial.plan);
  return takeOutcomes({ ...trial, longestMs, beside }, new Map([[step.taskId, step.outcome]]));
}

function foldMissing(trial: Trial, step: OutcomesMissing): Trial {
  if (trial.plan.assignment === 'switchback') return foldTimedOut(trial, step);
  const { taskIds } = step;
  const timedOut = new Set(taskIds);
  const lost = openSets(trial).flatMap(({ number: set, tasks }) =>
    tasks
      .filter(({ taskId, outcome }) => timedOut.has(taskId) && outcome === undefined)
      .map(({ taskId, arm, assignTimeMs }) => ({
        taskId,
        set,
        arm,
        assignTimeMs,
        late: undefined,
      })),
  );
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
