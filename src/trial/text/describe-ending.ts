import type { DeltaEffect, MetricEffect } from '../../domain/effect.ts';
import { marginText } from '../../domain/margin-text.ts';
import type { HarmResponse } from '../../domain/rule.ts';
import { describeApart } from '../apart.ts';
import { ALPHA, SUFFICIENT } from '../evidence/bets.ts';
import { detection, detectionLimit } from '../holdback.ts';
import { isBeforeForce, isOnTrial, staysInForce } from '../standing.ts';
import type { Trial } from '../trial.ts';
import { describeLosses } from '../validity.ts';
import { CONFIRMING, decidedFor, type Finding, settleMs, TAKING_BACK } from '../verdict.ts';
import { describeGains, describeHelp, describeMetrics } from './describe-effect.ts';

/** What the summary of a trial's end depends on besides the trial. */
interface Circumstances {
  /** The live value was set by another decision and stays. */
  readonly isForeign?: boolean;
  /** Another value is about to be set. */
  readonly isReplaced?: boolean;
  /** The rule's response to harm, if the verdict is HARMED. */
  readonly onHarm?: HarmResponse | undefined;
}

const AFTER_HARM: Readonly<Record<HarmResponse, string>> = {
  revert: '',
  pause: '. All trials are paused until somebody resumes them',
  notify: '. The old value is in force; somebody is to approve or to reject it',
};

/** The stage of a verdict, in words. */
const WHEN: Readonly<Record<Trial['stage'], string>> = {
  trial: '',
  probation: ' while on probation',
  holdback: ' after it had been confirmed',
};

type Effect = Omit<DeltaEffect, 'verdict'>;

/** The summary of a trial's end. */
export function describeEnding(
  { verdict, reason }: Finding,
  { metrics, tasksUsed }: Effect,
  trial: Trial,
  { isForeign = false, isReplaced = false, onHarm }: Circumstances = {},
): string {
  const found = metrics.length === 0 ? '' : `: ${describeMetrics(metrics)}`;
  const when = WHEN[trial.stage];
  const finding = {
    helped: `Helped, in ${tasksUsed} tasks`,
    harmed:
      trial.stage === 'holdback'
        ? `Harmed${when}: ${lateHarm(trial, reason)}`
        : `Harmed${when}, in ${tasksUsed} tasks${found}; ${SURENESS}`,
    inconclusive: `Inconclusive${when}: ${reason}${found}`,
    invalid: `Invalid${when}: ${reason}${found}`,
  }[verdict];
  const foreign = isForeign ? '. The live value was set by somebody else and was left alone' : '';
  const isKept = staysInForce(trial, verdict) && !isForeign && !isReplaced;
  const kept = isKept ? '. It stays in force, not proven' : '';
  const losses = reason.includes(describeLosses(trial)) ? '' : lossesIn(trial);
  const cohorts = trial.stage === 'trial' ? describeCohorts(trial) : '';
  const apart = verdict === 'inconclusive' ? describeApart(trial) : '';
  const offer = apart === '' ? '' : `. ${apart}`;
  return `${finding}${losses}${cohorts}${offer}${onHarm === undefined ? '' : AFTER_HARM[onHarm]}${kept}${foreign}`;
}

/** What a trial of all has found of single cohorts, in words; empty if nothing. */
function describeCohorts(trial: Trial): string {
  const { helped, harmed } = decidedFor(trial);
  const label = trial.plan.cohorts?.label;
  const named = (values: readonly string[]) =>
    values.map((value) => `${label}=${value}`).join(', ');
  return [
    helped.length === 0 ? '' : `. It has helped ${named(helped)}, whose tasks get it`,
    harmed.length === 0 ? '' : `. It has harmed ${named(harmed)}`,
  ].join('');
}

/** The harm that ended a holdback, in words; the evidence of the trial itself shows help. */
function lateHarm({ plan, holdback }: Trial, reason: string): string {
  const found = holdback === undefined ? 0 : detection(holdback);
  const limit = detectionLimit(plan);
  if (found < limit) return `${reason}, at ${TAKING_BACK} to 1`;
  const tasks = Math.round(limit / plan.holdback).toLocaleString('en');
  return (
    `by the tasks that kept the old value ${reason}, at detection value ${Number(found.toPrecision(3))}, ` +
    `where ${Math.round(limit)} are needed; a value that does no harm is taken back about once in ${tasks} tasks`
  );
}

/** The summary of a promotion. The value that wins a race, and a confirmed change's old value that is in force again, have no probation. */
export function describePromotion(effect: Effect, trial: Trial): string {
  const { retrialOf, isRace, isFinal } = trial.plan;
  const onProbation = `on probation until the evidence is ${CONFIRMING} to 1`;
  if (isFinal) return `It has won its races, and the round is over: in force, ${onProbation}`;
  const unproven = isRace ? 'In force, not proven' : `${shareInForce(trial)}, ${onProbation}`;
  const next = retrialOf === undefined ? unproven : 'In force again';
  return `${describeFinding(effect)}. ${next}${lossesIn(trial)}`;
}

function shareInForce({ plan: { budget } }: Trial): string {
  return budget === undefined
    ? 'In force'
    : `For ${Number((budget * 100).toFixed(2))} % of tasks at most`;
}

function describeFinding({ metrics, tasksUsed }: Effect): string {
  return `Helped, in ${tasksUsed} tasks: ${describeHelp(metrics)}; ${SURENESS}`;
}

/** The summary of a trial that is stopped while its value is live. */
export function describeStop(effect: Effect, trial: Trial, reason: string): string {
  const found =
    trial.stage === 'holdback'
      ? describeConfirmation(effect, trial)
      : `${describeFinding(effect)}${lossesIn(trial)}`;
  return `${found}. No longer being proven: ${reason}`;
}

/** The summary of a confirmation, with the margins that are not proven. */
export function describeConfirmation(
  { metrics, tasksUsed, gains = [] }: Effect,
  trial: Trial,
): string {
  const unproven = metrics.filter(
    ({ margin, eNotWorse }) => margin !== undefined && eNotWorse < SUFFICIENT,
  );
  const untold = trial.plan.guards
    .filter(({ name }) => !metrics.some(({ metric }) => metric === name))
    .map(({ name, margin }) => `${name} by less than ${marginText(name, margin)} (no data)`);
  const open = [
    ...unproven.map(
      (one) => `${one.metric} by less than ${marginText(one.metric, one.margin ?? 0)}`,
    ),
    ...untold,
  ].join(', ');
  return (
    `Helped and confirmed at ${CONFIRMING} to 1, in ${tasksUsed} tasks: ${describeHelp(metrics)}` +
    (open === '' ? '' : `. Not proven: that it worsens ${open}${shownOf(unproven)}`) +
    (gains.length === 0 ? '' : `. Gained: ${describeGains(gains)}`) +
    lossesIn(trial)
  );
}

function shownOf(metrics: readonly MetricEffect[]): string {
  return metrics.length === 0 ? '' : ` (${describeMetrics(metrics)})`;
}

/** The summary of a suspension. */
export function describeSuspension(trial: Trial): string {
  const { plan, sets } = trial;
  const open = sets.reduce((sum, { tasks }) => sum + tasks.filter((t) => !t.outcome).length, 0);
  const value = isBeforeForce(trial) ? '' : ', and the old value is in force again';
  const lead = `Suspended: the reports so far show harm${value}. `;
  const seconds = Math.round(plan.outcomeTimeoutMs / 1000);
  if (plan.assignment === 'switchback') {
    return `${lead}The verdict waits ${seconds} seconds for tasks of its blocks that are still running`;
  }
  const minutes = Math.round(settleMs(trial) / 60_000);
  return (
    lead +
    `The verdict waits for ${open} tasks, ${seconds} seconds at most each; ` +
    `where any were given up, for their late reports ${minutes} minutes`
  );
}

/** The summary of a suspension's end. */
export function describeContinuation(trial: Trial): string {
  const { stage, plan } = trial;
  const inForce = stage === 'probation' ? 'on probation again' : 'in force again';
  const value = isOnTrial(trial) ? 'on trial again' : inForce;
  const order = plan.assignment === 'task' ? ' in order of dispatch' : '';
  return `With all reports counted${order} there is no harm: ${value}`;
}

const SURENESS = `an error of this kind comes in at most ${ALPHA * 100} % of trials`;

/** Cancelled and missing tasks, if there are any. */
function lossesIn(trial: Trial): string {
  const { cancelled, missing } = trial;
  const none = cancelled.old + cancelled.new + missing.old + missing.new === 0;
  return none ? '' : `. Of all tasks, ${describeLosses(trial)}`;
}
