import { TASK_STATUSES } from '../../domain/task.ts';
import { nextMove } from '../advance.ts';
import { RETRIAL_REST_TASKS } from '../drift.ts';
import { GROUP_TASKS } from '../evidence/group-score.ts';
import { carriedOver } from '../fold-stages.ts';
import type { Gain } from '../gain.ts';
import { type HoldbackState, startHoldback } from '../holdback.ts';
import type { HoldbackRenewed, TrialConfirmed } from '../step.ts';
import type { AssignedTask, TaskSet } from '../task-set.ts';
import type { Trial } from '../trial.ts';
import type { Course } from './course.ts';
import { butSays, faultOfEffect, faultOfStageEnd, type MoveContext } from './move.ts';
import { hasShape, isCount, isSame, show } from './same-json.ts';
import { faultOfCommitment, faultOfSeed } from './seeds.ts';

export function faultOfConfirmation(
  { trial, recorded }: Course,
  step: TrialConfirmed,
): string | undefined {
  const next = nextMove(trial, step.timeMs, recorded);
  if (next?.move !== 'confirm') return `the change is confirmed, ${butSays(next)}`;
  const { state } = step;
  return (
    faultOfStageEnd(trial, step) ??
    faultOfEffect(trial, step) ??
    faultOfPart(state, recorded) ??
    (state.retrialTask === state.fromTask ? undefined : faultOfRest(state.retrialTask)) ??
    faultOfState(state, asWritten(startHoldback(trial.plan, trial.evidence, startOf(state)), state))
  );
}

export function faultOfRenewal(
  { trial, recorded }: Course,
  step: HoldbackRenewed,
  context: MoveContext,
): string | undefined {
  const { holdback, stages } = trial;
  const { state, plan } = step;
  if (holdback === undefined) return 'no task is held back';
  if (!isSame(trial.plan, { ...plan, outcomeTimeoutMs: trial.plan.outcomeTimeoutMs })) {
    return 'it goes on with another plan';
  }
  if (!(plan.outcomeTimeoutMs > 0)) return 'it waits for no outcomes';
  const fault = context.isAfterDropped
    ? faultAfterDropped(trial, step)
    : (faultOfTurn(trial, step, context) ??
      (step.former === trial.hash ? undefined : 'it names another receipt as the one before it') ??
      (step.stages === stages
        ? undefined
        : `${stages} stages had ended, not ${show(step.stages)}`) ??
      faultOfSeed(trial, step.seed));
  return (
    fault ??
    faultOfEffect({ ...trial, holdback: state }, step) ??
    faultOfCommitment({ ...step, stages: step.stages + 1 }) ??
    faultOfPart(state, recorded) ??
    (context.isAfterDropped
      ? faultOfOpen(step)
      : (faultOfState(state, renewed(trial, holdback, step)) ?? faultOfCarriedOver(trial, step)))
  );
}

/** The state that a renewal must have; before a trial of the old value, it sets `usualMs` and `retrialTask` anew. */
function renewed(trial: Trial, holdback: HoldbackState, { state, timeMs }: HoldbackRenewed) {
  const { usualMs, fromTask } = state;
  const isOver = nextMove(trial, timeMs, fromTask)?.move === 'renew';
  const retrial = { usualMs, retrialTask: fromTask + RETRIAL_REST_TASKS };
  return asWritten({ ...holdback, ...(isOver ? {} : retrial), fromTask }, state);
}

/** Why a part of a holdback may not end yet: it ends after `PART_TASKS`, or when the old value is tried again. */
function faultOfTurn(
  trial: Trial,
  { timeMs, state }: HoldbackRenewed,
  { faultOfRetrial }: MoveContext,
): string | undefined {
  if (nextMove(trial, timeMs, state.fromTask)?.move === 'renew') return undefined;
  if (trial.pauses.length > 0) return 'the trial was paused';
  const fault = faultOfRetrial('begun', timeMs);
  return fault && `the part before it was not over, and ${fault}`;
}

function faultAfterDropped(
  trial: Trial,
  { state, stages, seed }: HoldbackRenewed,
): string | undefined {
  if (!hasShape(state, asWritten(startHoldback(trial.plan, trial.evidence, startOf(state)), state)))
    return 'its state is none of a holdback';
  if (!isCount(stages) || stages < trial.stages) return 'as many stages cannot have ended';
  return stages === trial.stages ? faultOfSeed(trial, seed) : undefined;
}

/** The expected state in the form written: earlier releases left out the gain of success, and had `nextTask`. */
function asWritten(expected: HoldbackState, written: HoldbackState): HoldbackState {
  // What is read may be anything.
  const { gains, nextTask } = written as { gains: unknown; nextTask?: unknown };
  const isSuccess = (gain: Partial<Gain> | null) => gain?.metric === 'success';
  const isWithout = Array.isArray(gains) && !gains.some(isSuccess);
  return {
    ...expected,
    ...(nextTask === undefined ? {} : { nextTask }),
    ...(isWithout ? { gains: expected.gains.filter((gain) => !isSuccess(gain)) } : {}),
  };
}

/** The fields of a part's state that do not follow from receipts. */
function startOf({ usualMs, fromTask, retrialTask }: HoldbackState) {
  return { usualMs, fromTask, retrialTask };
}

function faultOfPart(
  { usualMs, fromTask, retrialTask }: HoldbackState,
  recorded: number,
): string | undefined {
  if (typeof usualMs !== 'number' || usualMs < 0) return `${show(usualMs)} ms is no latency`;
  if (!isCount(retrialTask)) return faultOfRest(retrialTask);
  return isCount(fromTask) && fromTask >= recorded
    ? undefined
    : `${show(fromTask)} tasks had been recorded, and ${recorded} before it`;
}

function faultOfCarriedOver(trial: Trial, step: HoldbackRenewed): string | undefined {
  const { open, tossed } = step;
  const isEarlier = open === undefined && tossed === undefined;
  return isEarlier || isSame(carriedOver(trial), { open, tossed })
    ? undefined
    : 'it takes over other groups than those that are open';
}

/** Checks the form of the groups that are taken over: without the receipts before, no more can be checked. */
function faultOfOpen({ open = [], tossed = 0 }: HoldbackRenewed): string | undefined {
  if (!isCount(tossed)) return 'it does not say which group is next';
  const isFull = (set: Partial<TaskSet> | null) =>
    isCount(set?.number) &&
    set?.size === GROUP_TASKS &&
    Array.isArray(set.tasks) &&
    set.tasks.length === GROUP_TASKS &&
    set.tasks.every(isAssigned);
  return Array.isArray(open) && open.every(isFull) ? undefined : 'what it takes over are no groups';
}

// What is read may be anything.
function isAssigned(task: Partial<AssignedTask> | null): boolean {
  const { taskId, arm, assignTimeMs, outcome } = task ?? {};
  const isKnown =
    outcome === undefined ||
    outcome.status === 'lost' ||
    TASK_STATUSES.some((one) => one === outcome.status);
  return (
    typeof taskId === 'string' &&
    typeof assignTimeMs === 'number' &&
    (arm === 'old' || arm === 'new') &&
    isKnown
  );
}

function faultOfRest(retrialTask: number): string {
  return `the value before may not be tried from task ${show(retrialTask)} on`;
}

function faultOfState(state: HoldbackState, expected: HoldbackState): string | undefined {
  return isSame(state, expected) ? undefined : 'its state is not what the groups come to';
}
