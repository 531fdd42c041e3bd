import { countComplete } from './count.ts';
import { openBets } from './evidence/bets.ts';
import type { Outcome } from './evidence/outcome.ts';
import { assignedIn, dropBlocks, dropUnfinished } from './fold-blocks.ts';
import { hasHoldback } from './plan.ts';
import type {
  HoldbackRenewed,
  TrialConfirmed,
  TrialPaused,
  TrialPromoted,
  TrialResumed,
} from './step.ts';
import { type AssignedTask, isFilling, type TaskSet } from './task-set.ts';
import { type Counts, openTasks, type Trial } from './trial.ts';

/**
 * Suspends a trial. Waiting tasks are left out, and so is a pair of blocks that has not ended; a group that
 * is not full is cut short and counts if it has both arms.
 */
export function suspend(trial: Trial, suspendedMs: number): Trial {
  const hasBothArms = ({ tasks }: TaskSet) => new Set(tasks.map(({ arm }) => arm)).size === 2;
  const useless = trial.sets.filter((set) => isFilling(set) && !hasBothArms(set));
  const left = leaveOut({ ...dropUnfinished(trial), suspendedMs }, useless);
  const sets = left.sets.map((set) => (isFilling(set) ? { ...set, size: set.tasks.length } : set));
  return countComplete({ ...left, sets });
}

/** Pauses a trial. What may show harm is still waited for: without it, a suspended trial would go on. */
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

/** Ends one reason of a pause. */
export function resume(trial: Trial, { reason, timeMs }: TrialResumed): Trial {
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

/** Begins a stage. Open sets and ended pairs of blocks are counted in it; all else is left out. */
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
  };
}

/** Begins a holdback, or its next part; `undefined`: the plan has none, and the trial is over. */
export function beginHoldback(
  trial: Trial,
  step: TrialConfirmed | HoldbackRenewed,
): Trial | undefined {
  if (!hasHoldback(trial.plan)) return undefined;
  // Running tasks keep their arm. A renewal names them: the receipts before it may be dropped.
  const {
    stages,
    plan,
    assignments,
    open = [],
    tossed = 0,
  } = step.step === 'renew' ? { ...step, assignments: [] } : { ...trial, open: [], tossed: 0 };
  const sets = { waiting: [], sets: open };
  const running = openTasks(sets);
  return {
    ...nextStage({ ...trial, ...sets, stages, plan }, step, 'holdback'),
    arrival: trial.evidence,
    untold: openBets('rate'),
    tossed,
    dispatched: 0,
    counted: [],
    assignments,
    seen: [],
    expected: countArms(running),
    missing: countArms(running.filter(({ outcome }) => outcome?.status === 'lost')),
    cancelled: countArms(running.filter(({ outcome }) => outcome?.status === 'cancelled')),
    lost: [],
    longestMs: 0,
    recentFailures: { old: [], new: [] },
    holdback: step.state,
  };
}

/** What a part of a holdback takes over from the one before: a group that is not full is left out. */
export function carriedOver({ sets, tossed }: Trial): Pick<HoldbackRenewed, 'open' | 'tossed'> {
  return { open: sets.filter((set) => !isFilling(set)), tossed };
}

/** Drops waiting tasks and the given sets, and takes them off the counts. */
function leaveOut(trial: Trial, sets: readonly TaskSet[]): Trial {
  const tasks = [...trial.waiting.map(({ task }) => task), ...sets.flatMap((set) => set.tasks)];
  const dropped = new Set(sets);
  const without = (counts: Counts, isCounted: (outcome: Outcome | undefined) => boolean) => {
    const out = countArms(tasks.filter(({ outcome }) => isCounted(outcome)));
    return { old: counts.old - out.old, new: counts.new - out.new };
  };
  return {
    ...trial,
    expected: without(trial.expected, () => true),
    missing: without(trial.missing, (outcome) => outcome?.status === 'lost'),
    cancelled: without(trial.cancelled, (outcome) => outcome?.status === 'cancelled'),
    assigned: trial.assigned - tasks.length,
    waiting: [],
    sets: trial.sets.filter((set) => !dropped.has(set)),
  };
}

function countArms(tasks: readonly AssignedTask[]): Counts {
  const isNew = tasks.filter(({ arm }) => arm === 'new').length;
  return { old: tasks.length - isNew, new: isNew };
}
