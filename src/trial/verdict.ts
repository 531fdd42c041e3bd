import type { TrialVerdict } from '../domain/effect.ts';
import { marginText } from '../domain/margin-text.ts';
import { own } from '../domain/value.ts';
import { type DecidedCohorts, decideCohorts, showsAnything, vetoing } from './cohorts.ts';
import { countAgain } from './count.ts';
import { SUFFICIENT } from './evidence/bets.ts';
import {
  combinedHarm,
  type Evidence,
  eHarmInForce,
  eHelp,
  type MetricEvidence,
  openConstraints,
  watched,
  worsening,
} from './evidence/evidence.ts';
import { hasMargin, isConstraint, tasksToProve } from './evidence/margin.ts';
import { eTotalHelp } from './evidence/totals.ts';
import { tasksIn } from './evidence-before.ts';
import { detection, detectionLimit } from './holdback.ts';
import { DOUBTFUL, helps, isHelpful, isUnharmed, isWorthwhile, marginOf } from './promotion.ts';
import { isLong, MAX_DISPATCHED, maxTasks, tasksLeft } from './task-limits.ts';
import { awaitsOutcomes, isByGroups, pairWaitMs, type Trial, timeUpMs } from './trial.ts';
import { describeLosses, eUntold, reasonInvalid } from './validity.ts';

/** E-value of help that confirms a change, and that puts a confirmed change's old value in force again. */
export const CONFIRMING = 200;
export const TAKING_BACK = 100;

/** The number of tasks at which a trial without any evidence is given up; where it is long. */
const MIN_TASKS_TO_GIVE_UP = 100;
const MIN_TASKS_TO_GIVE_UP_IF_LONG = 300;

/** The wait for late reports before harm is recorded is the longer of these: milliseconds, and outcome timeouts. */
const MIN_SETTLE_MS = 3_600_000;
const SETTLE_TIMEOUTS = 3;

/** The verdict of a trial, and the reason in words. */
export interface Finding {
  readonly verdict: TrialVerdict;
  readonly reason: string;
}

/** The verdict that is due, if any; `helped` promotes or confirms, others end the trial. */
export function judge(trial: Trial, nowMs: number): Finding | undefined {
  const { stage } = trial;
  if (stage === 'holdback') return judgeHoldback(trial);
  // A final has nothing to compare before its probation.
  if (stage === 'trial' && trial.plan.isFinal) return { verdict: 'helped', reason: 'races' };
  const fault = reasonInvalid(trial);
  if (fault !== undefined) return { verdict: 'invalid', reason: fault };
  if (isHarmful(trial, trial.evidence)) return judgeHarm(trial, nowMs);
  if (trial.suspendedMs !== undefined) return undefined;
  return stage === 'trial' ? judgeTrial(trial, nowMs) : judgeProbation(trial, nowMs);
}

function judgeHoldback({ holdback, plan }: Trial): Finding | undefined {
  if (holdback === undefined || detection(holdback) < detectionLimit(plan)) return undefined;
  return { verdict: 'harmed', reason: 'it has begun to harm' };
}

/** The verdict on harm, if due: it waits for late reports of counted tasks that timed out, then counts these. */
function judgeHarm(trial: Trial, nowMs: number): Finding | undefined {
  const { lost, suspendedMs, plan, longestMs } = trial;
  if (plan.assignment === 'switchback') {
    // Once one report has come after its pair was counted, other reports may come as late.
    const isSettled = suspendedMs !== undefined && nowMs >= suspendedMs + pairWaitMs(trial);
    const isSure = longestMs < plan.outcomeTimeoutMs || isSettled;
    return isSure ? { verdict: 'harmed', reason: 'harm' } : undefined;
  }
  if (!lost.some(isCounted(trial))) return { verdict: 'harmed', reason: 'harm' };
  if (suspendedMs === undefined || nowMs < suspendedMs + settleMs(trial)) return undefined;
  if (isHarmful(trial, countAgain(trial))) return { verdict: 'harmed', reason: 'harm' };
  const late = lost.filter((one) => one.late !== undefined).length;
  return {
    verdict: 'invalid',
    reason: `without ${late} late reports there was harm, and with them none`,
  };
}

/** Whether a lost task is in a counted set. */
function isCounted({ counted }: Trial): (lost: { readonly set: number }) => boolean {
  return ({ set }) => counted.some(({ number }) => number === set);
}

/** How long a suspended trial waits for late reports before it records harm, in milliseconds. */
export function settleMs({ plan }: Pick<Trial, 'plan'>): number {
  return Math.max(MIN_SETTLE_MS, SETTLE_TIMEOUTS * plan.outcomeTimeoutMs);
}

function judgeTrial(trial: Trial, nowMs: number): Finding | undefined {
  const { tasksUsed, dispatched, plan } = trial;
  if (nowMs >= timeUpMs(trial)) {
    return { verdict: 'inconclusive', reason: 'it ran for trial.max_seconds' };
  }
  if (isHelpful(trial)) {
    if (eUntold(trial) < DOUBTFUL) return { verdict: 'helped', reason: 'help' };
    if (awaitsOutcomes(trial)) return undefined;
    return { verdict: 'inconclusive', reason: `it may help, but ${describeLosses(trial)}` };
  }
  const { helped, harmed } = decidedFor(trial);
  const isDecided = helped.length + harmed.length === plan.cohorts?.values.length;
  if (isDecided && harmed.length > 0 && helped.length > 0 && !awaitsOutcomes(trial)) {
    return { verdict: 'inconclusive', reason: 'it is decided for each cohort, and not alike' };
  }
  if (tasksLeft(trial) <= 0 && !awaitsOutcomes(trial)) {
    const reason =
      dispatched >= MAX_DISPATCHED && tasksUsed < maxTasks(plan)
        ? `only ${tasksUsed} of ${dispatched} tasks told anything`
        : (whyNotHelpful(trial) ?? `nothing was found in ${tasksUsed} tasks`);
    return { verdict: 'inconclusive', reason };
  }
  if (!isHopeless(trial)) return undefined;
  return { verdict: 'inconclusive', reason: `nothing shows after ${tasksUsed} tasks` };
}

/** Why a change whose primary metric shows help is not put in force, in words; `undefined` if the metric shows none. */
function whyNotHelpful(trial: Trial): string | undefined {
  const { evidence, plan } = trial;
  const [primary, ...guards] = evidence;
  if (primary === undefined || eHelp(primary) < plan.sufficient) return undefined;
  const [harmed] = vetoing(trial);
  if (harmed !== undefined) {
    return `it may help, but ${plan.cohorts?.label}=${harmed} may be worse`;
  }
  if (!isWorthwhile(primary)) return 'it may help, but the gain is too small';
  const worse = guards.find((guard) => !isUnharmed(guard));
  return worse && `it may help, but ${worse.metric.name} may be worse`;
}

/** Whether a trial is given up: after enough tasks, it has evidence neither of help nor of harm. */
export function isHopeless({
  evidence,
  tasksUsed,
  plan,
  byCohort,
}: Pick<Trial, 'evidence' | 'tasksUsed' | 'plan' | 'byCohort'>): boolean {
  const [primary] = evidence;
  if (primary === undefined || showsAnything({ plan, byCohort })) return false;
  const least = isLong(plan) ? MIN_TASKS_TO_GIVE_UP_IF_LONG : MIN_TASKS_TO_GIVE_UP;
  // A block is one comparison, however many tasks ran in it.
  const { assignment, blockTasks } = plan;
  const used =
    assignment === 'task' ? tasksUsed : Math.min(tasksUsed, 2 * blockTasks * primary.sets);
  return used >= least && combinedHarm(evidence) < 1 && eHelp(primary) < 1;
}

/** The verdict that is due in probation, if any; `helped` confirms the change. */
function judgeProbation(trial: Trial, nowMs: number): Finding | undefined {
  const [primary] = trial.evidence;
  if (primary === undefined) return undefined;
  const isProven = primary.peaks.help >= CONFIRMING;
  const isSure = isProven && obstacleTo(trial, primary) === undefined;
  if (isSure && unproven(trial).length === 0) return { verdict: 'helped', reason: 'confirmed' };
  const isOver = nowMs >= timeUpMs(trial) || (tasksLeft(trial) <= 0 && !awaitsOutcomes(trial));
  if (!isOver) return undefined;
  const isHeld = openConstraints(trial.evidence).length === 0;
  if (isSure && isHeld) return { verdict: 'helped', reason: 'confirmed' };
  return { verdict: 'inconclusive', reason: whyUnconfirmed(trial, primary) };
}

function whyUnconfirmed(trial: Trial, primary: MetricEvidence): string {
  const { help } = primary.peaks;
  if (help < CONFIRMING) {
    return `probation ended at ${Math.round(help)} to 1; ${CONFIRMING} to 1 confirm`;
  }
  return `it may help, but ${obstacleTo(trial, primary) ?? whyNotHeld(trial)}`;
}

/** The constraints that are not proven, in words. */
function whyNotHeld({ evidence }: Trial): string {
  const open = openConstraints(evidence).map((one) => {
    const { metric, peaks } = one;
    const margin = hasMargin(metric) ? marginText(metric.name, metric.margin) : '';
    const found = Number(peaks.notWorse.toPrecision(2));
    return `that ${metric.name} is worse by less than ${margin} is proven at ${found} to 1 only`;
  });
  return `${open.join(', ')}; ${SUFFICIENT} to 1 are needed, and what is not proven is taken back`;
}

/**
 * Why a change whose help is proven is not confirmed, in words; `undefined` if it may be confirmed. By the estimates
 * over all tasks, the gain must be worthwhile and no guard worse by more than its margin.
 */
function obstacleTo(trial: Trial, primary: MetricEvidence): string | undefined {
  if (eUntold(trial) >= DOUBTFUL) return describeLosses(trial);
  if (!isWorthwhile(primary)) return 'in all tasks together the gain is too small';
  const { totals } = primary;
  if (totals !== undefined && eTotalHelp(totals) < CONFIRMING) {
    return `the total is better at ${Math.floor(eTotalHelp(totals))} to 1 only`;
  }
  const worse = trial.evidence.find(
    (one) => hasMargin(one.metric) && worsening(one) > marginOf(one.metric),
  );
  return worse && `${worse.metric.name} looks worse by more than its margin`;
}

/**
 * Whether groups of probation begin half as often: they do once help is proven, unless probation can still prove the
 * margin of success, or has a constraint to prove.
 */
export function isThinned({ evidence, plan }: Trial): boolean {
  const [primary] = evidence;
  if (primary === undefined || primary.peaks.help < CONFIRMING) return false;
  return unproven({ evidence }).every(
    ({ metric }) =>
      !isConstraint(metric) &&
      (metric.kind !== 'success' ||
        !hasMargin(metric) ||
        tasksToProve(metric, plan) > plan.probationTasks),
  );
}

/** Guards whose margin is not proven yet. */
export function unproven({ evidence }: Pick<Trial, 'evidence'>): readonly MetricEvidence[] {
  return evidence.filter(({ metric, peaks }) => hasMargin(metric) && peaks.notWorse < SUFFICIENT);
}

/** The cohorts that a trial of all has decided: of those that it helps, the ones that could be promoted. */
export function decidedFor(trial: Trial): DecidedCohorts {
  const { plan, byCohort = {} } = trial;
  const { helped, harmed } = decideCohorts(trial);
  const isSure = eUntold(trial) < DOUBTFUL;
  const isEnough = (value: string) => {
    const evidence = own(byCohort, value) ?? [];
    return helps({ plan, evidence, tasksUsed: tasksIn(evidence) });
  };
  return { helped: isSure ? helped.filter(isEnough) : [], harmed };
}

/** An e-value, and the limit at which it decides. */
export interface Reading {
  readonly e: number;
  readonly limit: number;
}

/** The evidence of harm; at its limit, it shows harm. */
export function harmReading(trial: Pick<Trial, 'stage' | 'plan'>, evidence: Evidence): Reading {
  if (!isByGroups(trial)) return { e: combinedHarm(evidence), limit: SUFFICIENT };
  const own = watched(evidence);
  const values = own.map((one) => eHarmInForce(one, one === evidence[0]));
  return { e: Math.max(...values, 0), limit: (SUFFICIENT / 2) * Math.max(own.length, 2) };
}

/** The evidence of help; from its limit on, it may promote a change or confirm it. */
export function helpReading({ stage, plan, evidence }: Trial): Reading {
  const [primary] = evidence;
  if (stage === 'trial') return { e: primary ? eHelp(primary) : 1, limit: plan.sufficient };
  return { e: primary?.peaks.help ?? 1, limit: CONFIRMING };
}

/** Whether evidence, in order of dispatch or of arrival, shows harm. */
export function isHarmful(trial: Trial, evidence: Evidence): boolean {
  const { e, limit } = harmReading(trial, evidence);
  return e >= limit;
}
