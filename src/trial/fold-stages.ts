import { countComplete } from './count.ts';
import { openBets } from './evidence/bets.ts';
import type { Outcome } from './evidence/outcome.ts';
import { assignedIn, dropBlocks, dropUnfinished } from './fold-blocks.ts';
import { hasHoldback } from './plan.ts';
import type { HoldbackRenewed, TrialConfirmed, TrialPaused, TrialPromoted } from './step.ts';
import { type AssignedTask, isFilling, type TaskSet } from './task-set.ts';
import { type ArmCounts, openTasks, type Trial } from './trial.ts';

/**
 * Suspends a trial. Leaves out waiting tasks and a pair of blocks that has not ended. A group that is not full is cut
 * short: it counts if it has tasks of both arms, else it is left out.
 */
export function suspend(trial: Trial, suspendedMs: number): Trial {
  const hasBothArms = ({ tasks }: TaskSet) => new Set(tasks.map(({ arm }) => arm)).size === 2;
  const useless = trial.sets.filter((set) => isFilling(set) && !hasBothArms(set));
  const left = leaveOut({ ...dropUnfinished(trial), suspendedMs }, useless);
  const sets = left.sets.map((set) => (isFilling(set) ? { ...set, size: set.tasks.length } : set));
  return countComplete({ ...left, sets });
}

/** Pauses a trial. Open sets and blocks are left out; a suspended trial keeps them, as their outcomes may show harm. */
export function pause(trial: Trial, { reason, timeMs }: TrialPaused): Trial {
  const isSuspended = trial.suspendedMs !== undefined;
  const left = isSuspended ? leaveOut(trial, []) : leaveOut(dropBlocks(trial), trial.sets);
  return {
    ...left,
    quietSince: undefined,
    pauses: [...trial.pauses, reason],
    pausedSinceMs: trial.pausedSinceMs ?? timeMs,
  };
}

/** Removes one reason of a trial's pause; the pause ends with its last reason. */
export function resume(trial: Trial, { reason, timeMs }: TrialPaused): Trial {
  const pauses = trial.pauses.filter((one) => one !== reason);
  const { pausedSinceMs = timeMs, pausedMs } = trial;
  const isOver = pauses.length === 0;
  return {
    ...trial,
    pauses,
    pausedSinceMs: isOver ? undefined : pausedSinceMs,
    pausedMs: isOver ? pausedMs + timeMs - pausedSinceMs : pausedMs,
    recentFailures: { old: [], new: [] },
  };
}

/** Begins a stage. Open sets and ended pairs of blocks count towards it; waiting tasks and unfinished pairs do not. */
export function nextStage(
  trial: Trial,
  { timeMs, commitment }: TrialPromoted | TrialConfirmed | HoldbackRenewed,
  stage: Trial['stage'],
): Trial {
  const left = leaveOut(dropUnfinished(trial), []);
  return {
    ...left,
    stage,
    stages: trial.stages + 1,
    commitment,
    stageTimeMs: timeMs,
    pausedSinceMs: trial.pausedSinceMs === undefined ? undefined : timeMs,
    pausedMs: 0,
    assigned: openTasks(left).length + assignedIn(left),
    suspendedMs: undefined,
    quietSince: undefined,
    byCohort: undefined,
  };
}

/** Begins a holdback, or its next part. Returns `undefined`, as the trial is over, if the plan has no holdback. */
export function beginHoldback(
  trial: Trial,
  step: TrialConfirmed | HoldbackRenewed,
): Trial | undefined {
  if (!hasHoldback(trial.plan)) return undefined;
  // Running tasks keep their arm. A renewal lists them, since the receipts before the renewal may be dropped.
  const {
    stages,
    plan,
    assignments,
    open = [],
    tossed = 0,
  } = step.step === 'renew' ? { ...step, assignments: [] } : { ...trial, open: [], tossed: 0 };
  const sets = { waiting: [], sets: open };
  return {
    ...nextStage({ ...trial, ...sets, stages, plan }, step, 'holdback'),
    arrival: trial.evidence,
    untold: openBets('rate'),
    tossed,
    dispatched: 0,
    counted: [],
    beside: [],
    assignments,
    seen: [],
    ...countEnds(openTasks(sets)),
    lost: [],
    longestMs: 0,
    recentFailures: { old: [], new: [] },
    holdback: step.state,
  };
}

/** What the next part of a holdback takes over from this one: its full groups, and the number of its newest group. */
export function carriedOver({ sets, tossed }: Trial): Pick<HoldbackRenewed, 'open' | 'tossed'> {
  return { open: sets.filter((set) => !isFilling(set)), tossed };
}

/** Drops waiting tasks and the given sets, and takes them off the counts. */
function leaveOut(trial: Trial, sets: readonly TaskSet[]): Trial {
  const tasks = [...trial.waiting.map(({ task }) => task), ...sets.flatMap((set) => set.tasks)];
  const dropped = new Set(sets);
  const { expected, missing, cancelled } = countEnds(tasks);
  return {
    ...trial,
    expected: minus(trial.expected, expected),
    missing: minus(trial.missing, missing),
    cancelled: minus(trial.cancelled, cancelled),
    assigned: trial.assigned - tasks.length,
    waiting: [],
    sets: trial.sets.filter((set) => !dropped.has(set)),
  };
}

function minus(counts: ArmCounts, left: ArmCounts): ArmCounts {
  return { old: counts.old - left.old, new: counts.new - left.new };
}

/** Tasks by arm: all of them, those that timed out, and those that were cancelled. */
function countEnds(tasks: readonly AssignedTask[]) {
  const ended = (status: Outcome['status']) =>
    countArms(tasks.filter(({ outcome }) => outcome?.status === status));
  return { expected: countArms(tasks), missing: ended('lost'), cancelled: ended('cancelled') };
}

function countArms(tasks: readonly AssignedTask[]): ArmCounts {
  const isNew = tasks.filter(({ arm }) => arm === 'new').length;
  return { old: tasks.length - isNew, new: isNew };
}
