import { openBets } from './bets.ts';
import { countComplete } from './count.ts';
import type { Outcome } from './outcome.ts';
import { hasHoldback } from './plan.ts';
import type { HoldbackRenewed, TrialConfirmed, TrialPromoted } from './step.ts';
import { type Counts, isFilling, plusCount, type TaskSet, type Trial } from './trial.ts';

/**
 * No task is assigned any more until all that are out have been reported. Single tasks are given up;
 * a group that has begun counts if it has both arms.
 */
export function suspend(trial: Trial, suspendedMs: number): Trial {
  const hasBothArms = ({ tasks }: TaskSet) => new Set(tasks.map(({ arm }) => arm)).size === 2;
  const given = trial.sets.filter((set) => isFilling(set) && !hasBothArms(set));
  const left = leaveOut({ ...trial, suspendedMs }, given);
  const sets = left.sets.map((set) => (isFilling(set) ? { ...set, size: set.tasks.length } : set));
  return countComplete({ ...left, sets });
}

/** The pairs that are out count in the next stage; those that wait for a partner are given up. */
export function nextStage(
  trial: Trial,
  { timeMs, commitment }: TrialPromoted | TrialConfirmed | HoldbackRenewed,
  stage: Trial['stage'],
): Trial {
  return {
    ...leaveOut(trial, []),
    stage,
    stages: trial.stages + 1,
    commitment,
    stageTimeMs: timeMs,
    assigned: 0,
    suspendedMs: undefined,
  };
}

/** `undefined`: nothing is held back. */
export function beginHoldback(
  trial: Trial,
  step: TrialConfirmed | HoldbackRenewed,
): Trial | undefined {
  if (!hasHoldback(trial.plan)) return undefined;
  const { stages, plan } = step.step === 'renew' ? step : trial;
  const none = { old: 0, new: 0 };
  return {
    ...nextStage({ ...leaveOut(trial, trial.sets), stages, plan }, step, 'holdback'),
    arrival: trial.evidence,
    untold: openBets('rate'),
    tossed: 0,
    dispatched: 0,
    counted: [],
    // Tasks that run keep their values; behind a renewal, nothing of them may be kept.
    assignments: step.step === 'confirm' ? trial.assignments : [],
    seen: [],
    ...{ expected: none, missing: none, cancelled: none, lost: [], longestMs: 0 },
    recentFailures: { old: [], new: [] },
    holdback: step.state,
  };
}

/** Waiting tasks and some sets are given up, with what their tasks have told. */
export function leaveOut(trial: Trial, sets: readonly TaskSet[]): Trial {
  const tasks = [...trial.waiting.map(({ task }) => task), ...sets.flatMap((set) => set.tasks)];
  const given = new Set(sets);
  const without = (counts: Counts, isMeant: (outcome: Outcome | undefined) => boolean) =>
    tasks
      .filter(({ outcome }) => isMeant(outcome))
      .reduce((left, { arm }) => plusCount(left, arm, -1), counts);
  return {
    ...trial,
    expected: without(trial.expected, () => true),
    missing: without(trial.missing, (outcome) => outcome?.status === 'lost'),
    cancelled: without(trial.cancelled, (outcome) => outcome?.status === 'cancelled'),
    assigned: trial.assigned - tasks.length,
    waiting: [],
    sets: trial.sets.filter((set) => !given.has(set)),
  };
}
