import type { TrialVerdict } from '../domain/effect.ts';
import type { Arm } from './arm.ts';
import { imbalance, isNearlyEven, upperTail } from './distributions.ts';
import { combinedHarm, type Evidence, eHelp, type MetricEvidence, worsening } from './evidence.ts';
import { OUTAGE_TASKS, type Trial } from './trial.ts';

/** A trial errs with this probability at most, on each side. */
export const ALPHA = 0.05;

/** Evidence that suffices: by Ville's inequality it comes about by chance with probability α. */
export const SUFFICIENT = 1 / ALPHA;

/** Tasks that a trial uses at most, and those from which one without any evidence is given up. */
export const MAX_TASKS = 200;
const MIN_TASKS_TO_GIVE_UP = 100;

/**
 * Tasks that a trial takes in at most, whatever it used of them: only one of which pair after pair
 * is left out comes to this.
 */
const MAX_DISPATCHED = 2000;

/**
 * Tasks that a promotion must rest on, of this trial: evidence that was carried on says nothing of
 * the outcomes that the trial before was still waiting for.
 */
const MIN_TASKS_TO_HELP = 30;

/** An improvement that is worth a change: 3 %, or 2 points of success. */
const MIN_GAIN = { latency: -Math.log(0.97), measurement: 0.03, success: 0.02 } as const;

/** How much worse a guard may look: 5 %, or 2 points of success. */
const MAX_LOSS = { latency: Math.log(1.05), measurement: 0.05, success: 0.02 } as const;

/** Missing outcomes are looked at from so many on; so many of them are nothing to worry about. */
const MIN_EXPECTED = 40;
const USUAL_MISSING = 0.05;

/** What chance explains so rarely is not chance. */
const INVALID_P = 0.001;

/** Failures among the newest `OUTAGE_TASKS` of an arm that make an outage, if both have them. */
const OUTAGE_FAILURES = 8;

/** How a trial ends, and why, in words. */
export interface Finding {
  readonly verdict: TrialVerdict;
  readonly reason: string;
}

/**
 * What a trial has found; `undefined`: it goes on. Harm and what makes the data worthless end it at
 * once. Anything else waits until so few outcomes are out that the trial would stand if none came.
 */
export function judge(trial: Trial, nowMs: number): Finding | undefined {
  if (combinedHarm(trial.evidence) >= SUFFICIENT) return { verdict: 'harmed', reason: 'harm' };
  const fault = faultOf(trial);
  if (fault !== undefined) return { verdict: 'invalid', reason: fault };
  if (nowMs - trial.startTimeMs >= trial.plan.maxMs) {
    return { verdict: 'inconclusive', reason: 'it ran for trial.max_seconds' };
  }
  const finding = ending(trial);
  if (finding === undefined) return undefined;
  const lost = total(trial.missing) + outstanding(trial);
  return isExcessive(lost, total(trial.expected)) ? undefined : finding;
}

/** What the evidence calls for, whatever is outstanding: no task is assigned any more. */
export function ending(trial: Trial): Finding | undefined {
  const { evidence, tasksUsed } = trial;
  if (tasksUsed >= MIN_TASKS_TO_HELP && hasHelped(evidence)) {
    return { verdict: 'helped', reason: 'help' };
  }
  if (tasksUsed >= MAX_TASKS) {
    return { verdict: 'inconclusive', reason: `nothing was found in ${tasksUsed} tasks` };
  }
  if (dispatched(trial) >= MAX_DISPATCHED) {
    return { verdict: 'inconclusive', reason: `only ${tasksUsed} tasks told anything` };
  }
  if (tasksUsed < MIN_TASKS_TO_GIVE_UP) return undefined;
  const [primary] = evidence;
  const isHopeless = primary !== undefined && combinedHarm(evidence) < 1 && eHelp(primary) < 1;
  if (!isHopeless) return undefined;
  return { verdict: 'inconclusive', reason: `nothing shows after ${tasksUsed} tasks` };
}

/** Whether the newest outcomes of both arms failed: the test treats the arms alike. */
export function isOutage({ recentFailures }: Trial): boolean {
  const failed = (arm: Arm) => {
    const newest = recentFailures[arm];
    return newest.length >= OUTAGE_TASKS && newest.filter(Boolean).length >= OUTAGE_FAILURES;
  };
  return failed('old') && failed('new');
}

/** Tasks that the trial has taken in, those of finished blocks included. */
function dispatched({ plan, assignments, pairsBegun }: Trial): number {
  if (plan.assignment === 'task') return assignments.length;
  return Math.max(pairsBegun - 1, 0) * 2 * plan.blockTasks;
}

/** Outcomes that have not come yet. */
function outstanding({ openPairs, block, plan }: Trial): number {
  let count = block === undefined ? 0 : plan.blockTasks - block.outcomes.length;
  for (const { tasks } of openPairs) {
    for (const { outcome } of tasks) if (outcome === undefined) count += 1;
  }
  return count;
}

/** Why a trial's data cannot be trusted; `undefined`: they can. */
function faultOf({ expected, missing }: Trial): string | undefined {
  const lost = total(missing);
  if (isExcessive(lost, total(expected))) {
    return `${lost} of ${total(expected)} outcomes are missing`;
  }
  const [old, fresh] = [expected.old - missing.old, expected.new - missing.new];
  if (!isNearlyEven(old, fresh) && imbalance(old, fresh) < INVALID_P) {
    return `the arms are out of balance: ${old} tasks against ${fresh}`;
  }
  return undefined;
}

function isExcessive(lost: number, expected: number): boolean {
  return expected >= MIN_EXPECTED && upperTail(lost, expected, USUAL_MISSING) < INVALID_P;
}

function hasHelped(evidence: Evidence): boolean {
  const [primary, ...guards] = evidence;
  if (primary === undefined || eHelp(primary) < SUFFICIENT) return false;
  if (primary.tasksOld + primary.tasksNew < MIN_TASKS_TO_HELP) return false;
  return -worsening(primary) >= MIN_GAIN[primary.metric.kind] && guards.every(isUnharmed);
}

function isUnharmed(guard: MetricEvidence): boolean {
  return worsening(guard) <= MAX_LOSS[guard.metric.kind];
}

function total({ old, new: fresh }: Trial['expected']): number {
  return old + fresh;
}
