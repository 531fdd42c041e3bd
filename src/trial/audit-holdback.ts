import { nextMove } from './advance.ts';
import { firstGroupTask, longestGap } from './assign.ts';
import { butSays, faultOfEffect, faultOfStageEnd, type MoveContext } from './audit-move.ts';
import { type Disclosed, faultOfCommitment, faultOfSeed, seedOf } from './audit-seeds.ts';
import type { Course } from './course.ts';
import { RETRIAL_REST_TASKS } from './drift.ts';
import type { Gain } from './gain.ts';
import { type HoldbackState, startHoldback } from './holdback.ts';
import { hasShape, isCount, isSame, show } from './same-json.ts';
import type { HoldbackRenewed, TrialConfirmed } from './step.ts';
import type { Trial } from './trial.ts';

export function faultOfConfirmation(
  { trial, recorded }: Course,
  step: TrialConfirmed,
  seeds: Disclosed,
): string | undefined {
  const next = nextMove(trial, step.timeMs, recorded);
  if (next?.move !== 'confirm') return `the change is confirmed, ${butSays(next)}`;
  const { state } = step;
  return (
    faultOfStageEnd(trial, step) ??
    faultOfEffect(trial, step) ??
    faultOfPart({ ...trial, stages: trial.stages + 1 }, step, recorded, seeds) ??
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
    faultOfPart({ ...trial, stages: step.stages + 1 }, step, recorded, context.seeds) ??
    (context.isAfterDropped ? undefined : faultOfState(state, renewed(trial, holdback, step)))
  );
}

/** The state that a renewal must have; a trial of the old value changes what is usual, and its rest. */
function renewed(trial: Trial, holdback: HoldbackState, { state, timeMs }: HoldbackRenewed) {
  const { usualMs, fromTask, nextTask } = state;
  const isOver = nextMove(trial, timeMs, fromTask)?.move === 'renew';
  const retrial = { usualMs, retrialTask: fromTask + RETRIAL_REST_TASKS };
  return { ...holdback, ...(isOver ? {} : retrial), fromTask, nextTask };
}

/** A part ends after `PART_TASKS`, or when the old value is tried again. */
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

/** Earlier releases wrote no gain of success. */
function asWritten(expected: HoldbackState, { gains }: HoldbackState): HoldbackState {
  // What is read may be anything.
  const isSuccess = (gain: Partial<Gain> | null) => gain?.metric === 'success';
  if (!Array.isArray(gains) || gains.some(isSuccess)) return expected;
  return { ...expected, gains: expected.gains.filter((gain) => !isSuccess(gain)) };
}

/** The fields of a part's state that do not follow from receipts. */
function startOf({ usualMs, fromTask, nextTask, retrialTask }: HoldbackState) {
  return { usualMs, fromTask, nextTask, retrialTask };
}

function faultOfPart(
  trial: Trial,
  { state, commitment }: TrialConfirmed | HoldbackRenewed,
  recorded: number,
  seeds: Disclosed,
): string | undefined {
  const { usualMs, fromTask, nextTask, retrialTask } = state;
  if (typeof usualMs !== 'number' || usualMs < 0) return `${show(usualMs)} ms is no latency`;
  if (!isCount(retrialTask)) return faultOfRest(retrialTask);
  if (!isCount(fromTask) || fromTask < recorded) {
    return `${show(fromTask)} tasks had been recorded, and ${recorded} before it`;
  }
  const { plan, stages } = trial;
  const seed = seedOf({ plan, stages, commitment }, seeds);
  const isNext =
    seed === undefined
      ? isCount(nextTask) && nextTask >= fromTask && nextTask <= fromTask + longestGap(plan)
      : nextTask === firstGroupTask(plan, seed, fromTask);
  return isNext ? undefined : `its first group may not begin at task ${show(nextTask)}`;
}

function faultOfRest(retrialTask: number): string {
  return `the value before may not be tried from task ${show(retrialTask)} on`;
}

function faultOfState(state: HoldbackState, expected: HoldbackState): string | undefined {
  return isSame(state, expected) ? undefined : 'its state is not what the groups come to';
}
