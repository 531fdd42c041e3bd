import type { Metric } from '../domain/effect.ts';
import { own } from '../domain/value.ts';
import type { Arm } from './arm.ts';
import { compare } from './compared.ts';
import { addGroup, addPair } from './evidence/add-evidence.ts';
import { type Bets, placeBets, RATE_WAGERS } from './evidence/bets.ts';
import { mean } from './evidence/distributions.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { GroupOutcomes } from './evidence/group-score.ts';
import { hasSucceeded, isCancelled, type Outcome } from './evidence/outcome.ts';
import { type PairOutcomes, valueIn } from './evidence/pair-score.ts';
import { freshEvidence, initialEvidence } from './evidence-before.ts';
import { addToHoldback } from './holdback.ts';
import type { TrialPlan } from './plan.ts';
import { OF_ALL, type Seen } from './predict.ts';
import { isComplete, type TaskSet } from './task-set.ts';
import { OUTAGE_TASKS, type Trial } from './trial.ts';

/**
 * Counts complete sets in order of dispatch, up to the first set that is not complete: Ville's inequality needs an
 * order that does not depend on the arms.
 */
export function countComplete(trial: Trial): Trial {
  let counted = trial;
  for (let [first] = trial.sets; first !== undefined && isComplete(first); [first] = counted.sets) {
    counted = countSet({ ...counted, sets: counted.sets.slice(1) }, first);
  }
  return counted;
}

function countSet(trial: Trial, set: TaskSet): Trial {
  const { plan, stage } = trial;
  const halves = halvesOf(set);
  const untold = { ...trial, untold: betOnUntold(trial, halves) };
  const told = toldIn(halves);
  if (stage === 'holdback') {
    const group = told && groupOf(told);
    const more = cancelledMore(halves);
    const holdback = trial.holdback && addToHoldback(trial.holdback, group, plan, more);
    return { ...untold, holdback };
  }
  if (told === undefined) return untold;
  return {
    ...withCompared(untold, told),
    evidence: addSet(trial.evidence, set, plan),
    ...withCohort(trial, set),
    counted: [...trial.counted, set],
    seen: set.size === 2 ? seenAfter(trial, set) : trial.seen,
    recentFailures: recentFailures(trial, told),
  };
}

/** The evidence of the pair's cohort, if it has one. */
function withCohort({ byCohort, plan }: Trial, set: TaskSet): Pick<Trial, 'byCohort'> {
  const cohort = set.tasks[0]?.cohort;
  if (byCohort === undefined || cohort === undefined) return {};
  const before = own(byCohort, cohort) ?? freshEvidence(plan);
  return { byCohort: { ...byCohort, [cohort]: addSet(before, set, plan) } };
}

/** The evidence after one more set; unchanged if all tasks of an arm were cancelled. */
export function addSet(evidence: Evidence, set: TaskSet, plan: TrialPlan): Evidence {
  const told = toldIn(halvesOf(set));
  if (told === undefined) return evidence;
  return set.size === 2 ? addPair(evidence, told, plan) : addGroup(evidence, groupOf(told), plan);
}

/** Counts a pair of blocks, with all outcomes of the tasks dispatched in them. */
export function countBlocks(trial: Trial, halves: PairOutcomes): Trial {
  const untold = { ...trial, untold: betOnUntold(trial, halves) };
  const told = toldIn(halves);
  if (told === undefined) return untold;
  return { ...withCompared(untold, told), evidence: addPair(trial.evidence, told, trial.plan) };
}

function withCompared(trial: Trial, told: PairOutcomes): Trial {
  const compared = compare(trial.compared, told, trial.plan);
  return { ...trial, compared, tasksUsed: trial.tasksUsed + told.old.length + told.new.length };
}

/** Counts in `arrival` a pair of blocks that has just ended, by the reports that ended its blocks. */
export function countArrivedBlocks(trial: Trial, halves: PairOutcomes): Trial {
  const told = toldIn(halves);
  if (told === undefined) return trial;
  const arrival = addPair(trial.arrival, told, trial.plan);
  return { ...trial, arrival, recentFailures: recentFailures(trial, told) };
}

/** Counts all sets again, in order of dispatch, with late reports in place of losses. */
export function countAgain({ plan, counted, lost }: Trial): Evidence {
  const late = new Map(lost.map((one) => [one.taskId, one.late]));
  return counted.reduce((evidence, set) => {
    const tasks = set.tasks.map((task) => ({
      ...task,
      outcome: late.get(task.taskId) ?? task.outcome,
    }));
    return addSet(evidence, { ...set, tasks }, plan);
  }, initialEvidence(plan));
}

/**
 * Bets that one arm has more tasks without data: more of its tasks are cancelled, or more of its reports lack what the
 * primary metric or a guard needs.
 */
function betOnUntold({ untold, plan }: Trial, halves: PairOutcomes): Bets {
  const metrics = [plan.primary, ...plan.guards];
  const lacking = metrics.reduce((sum, metric) => sum + lackedMore(metric, halves, plan), 0);
  const stake = Math.max(-1, Math.min(cancelledMore(halves) + lacking, 1));
  return stake === 0 ? untold : placeBets(untold, RATE_WAGERS, stake);
}

function cancelledMore({ old, new: fresh }: PairOutcomes): number {
  return shareOf(fresh, isCancelled) - shareOf(old, isCancelled);
}

/**
 * The share of the new arm's tasks without data for a metric, minus that share in the old arm. Failed tasks count only
 * for a primary measurement: reports of failures may omit every other metric.
 */
function lackedMore(metric: Metric, { old, new: fresh }: PairOutcomes, plan: TrialPlan): number {
  const mayFail = metric !== plan.primary || metric.kind === 'outcome' || metric.kind === 'latency';
  const needing = (half: readonly Outcome[]) =>
    half.filter((outcome) => (mayFail ? hasSucceeded(outcome) : !isCancelled(outcome)));
  const [needingOld, needingNew] = [needing(old), needing(fresh)];
  if (needingOld.length === 0 || needingNew.length === 0) return 0;
  const lacks = (outcome: Outcome) => valueIn(metric, outcome, plan.timeoutMs) === undefined;
  return shareOf(needingNew, lacks) - shareOf(needingOld, lacks);
}

function shareOf(half: readonly Outcome[], is: (outcome: Outcome) => boolean): number {
  return mean(half.map((outcome) => (is(outcome) ? 1 : 0)));
}

/** The outcomes without those of cancelled tasks; `undefined` if an arm has no others. */
function toldIn(halves: PairOutcomes): PairOutcomes | undefined {
  const told = (half: readonly Outcome[]) => half.filter((outcome) => !isCancelled(outcome));
  const [old, fresh] = [told(halves.old), told(halves.new)];
  return old.length === 0 || fresh.length === 0 ? undefined : { old, new: fresh };
}

function halvesOf({ tasks }: TaskSet): PairOutcomes {
  const half = (arm: Arm) =>
    tasks.flatMap((task) => (task.arm === arm && task.outcome ? [task.outcome] : []));
  return { old: half('old'), new: half('new') };
}

function groupOf({ old, new: fresh }: PairOutcomes): GroupOutcomes {
  const [first] = old;
  if (first === undefined) throw new Error('a group has a task of the old arm');
  return { old: first, new: fresh };
}

function seenAfter({ seen, plan }: Trial, { tasks }: TaskSet): readonly Seen[] {
  if (plan.predictBy.length === 0) return seen;
  const timed = tasks.flatMap(({ kind, outcome }): Seen[] =>
    outcome?.latencyMs === undefined ? [] : [[kind, outcome.latencyMs]],
  );
  return [...seen, ...timed].slice(-OF_ALL);
}

function recentFailures(
  { recentFailures: former }: Trial,
  { old, new: fresh }: PairOutcomes,
): Trial['recentFailures'] {
  const newest = (failures: readonly boolean[], half: readonly Outcome[]) =>
    [...failures, ...half.map((outcome) => !hasSucceeded(outcome))].slice(-OUTAGE_TASKS);
  return { old: newest(former.old, old), new: newest(former.new, fresh) };
}
