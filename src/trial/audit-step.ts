import type { Metric, TrialVerdict } from '../domain/effect.ts';
import { sameValue, type Value } from '../domain/value.ts';
import { missingOutcomes, recordOutcome } from './advance.ts';
import { armOf, assignTask, nextBlock } from './assign.ts';
import { trialEffect } from './effect.ts';
import type { MetricEvidence } from './evidence.ts';
import type {
  BlockStarted,
  OutcomeRecorded,
  OutcomesMissing,
  TaskAssigned,
  TrialEnded,
  TrialOutcome,
  TrialPaused,
  TrialStep,
} from './step.ts';
import type { Trial } from './trial.ts';
import { isOutage, judge } from './verdict.ts';

/** What may become of a delta after each verdict. */
const OUTCOMES: Readonly<Record<TrialVerdict, readonly TrialOutcome[]>> = {
  helped: ['promote'],
  harmed: ['revert', 'ask'],
  inconclusive: ['revert'],
  invalid: ['revert'],
};

/** Why a trial cannot have begun by a step, in words; `undefined`: it can. */
export function faultOfStart(deltaId: string, step: TrialStep): string | undefined {
  if (step.step !== 'start') return 'it does not begin the trial';
  const { plan } = step;
  if (plan.deltaId !== deltaId) return 'it begins the trial of another delta';
  const isEvidence = (carried: unknown) =>
    Array.isArray(carried) && [plan.primary, ...plan.guards].every((m, i) => isOf(m, carried[i]));
  // Left out, or `null` by the hand of a forger.
  return plan.carried === undefined || isEvidence(plan.carried)
    ? undefined
    : 'what it goes on from is no evidence';
}

/** Why a trial cannot have gone on by a step, in words; `undefined`: it can. May throw on garbage. */
export function faultOfStep(trial: Trial, step: TrialStep): string | undefined {
  switch (step.step) {
    case 'start':
      return 'it begins the trial once more';
    case 'assign':
      return faultOfAssignment(trial, step);
    case 'block':
      return faultOfBlock(trial, step);
    case 'acknowledged':
      return trial.block === undefined ? 'no block was running' : undefined;
    case 'outcome':
      return faultOfOutcome(trial, step);
    case 'missing':
      return faultOfMissing(trial, step);
    case 'pause':
      return faultOfPause(trial, step);
    case 'resume':
      return trial.pauses.includes(step.reason) ? undefined : 'the trial was not paused so';
    case 'end':
      return faultOfEnd(trial, step);
    default:
      return 'it is no step of a trial';
  }
}

/**
 * What a trial had to end with once a step was taken; `undefined`: nothing. It is judged with every
 * outcome, and where one is missing; not with what tells nothing.
 */
export function verdictDue(trial: Trial, last: TrialStep): string | undefined {
  const isJudged = last.step === 'outcome' || last.step === 'missing';
  return isJudged ? judge(trial, last.timeMs)?.verdict : undefined;
}

/** Tossed again, and paired again: neither may depend on what tasks came to. */
function faultOfAssignment(trial: Trial, step: TaskAssigned): string | undefined {
  const { pairBy, assignment } = trial.plan;
  if (assignment !== 'task') return 'the trial gives arms to blocks, not to tasks';
  if (armOf(trial, step.taskId) !== undefined) return 'its task had an arm already';
  const labels = labelsOf(step.kind, pairBy);
  const again = assignTask(trial, { taskId: step.taskId, labels }, step.timeMs);
  if (again === undefined) return 'no task could be given an arm then';
  if (again.pair === step.pair && again.arm !== step.arm) {
    return `the coin says ${again.arm} in pair ${again.pair}, not ${step.arm}`;
  }
  return isSame(again, step) ? undefined : `its task belongs in pair ${again.pair}`;
}

function faultOfBlock(trial: Trial, step: BlockStarted): string | undefined {
  if (trial.plan.assignment !== 'switchback') return 'the trial gives arms to tasks, not to blocks';
  if (trial.block !== undefined) return 'the block before had not ended';
  if (trial.pauses.length > 0) return 'the trial was paused';
  const { pair, arm } = nextBlock(trial);
  return pair === step.pair && arm === step.arm
    ? undefined
    : `the next block was the ${arm} one of pair ${pair}, by the coin`;
}

function faultOfOutcome(trial: Trial, step: OutcomeRecorded): string | undefined {
  const { taskId, timeMs, outcome } = step;
  const deltaSequence = trial.block?.sequence ?? 0;
  const again = recordOutcome(
    trial,
    { taskId, ...outcome, finishTimeMs: timeMs, deltaSequence },
    timeMs,
  );
  if (again === undefined) return 'no outcome of its task was awaited';
  if (again.pair !== step.pair || again.arm !== step.arm) {
    return `its task was of the ${again.arm} arm of pair ${again.pair}`;
  }
  const { e, ...rest } = again;
  const { e: claimed, ...claimedRest } = step;
  if (!isSame(rest, claimedRest)) return 'it tells what the trial does not look at';
  return isSame(e, claimed)
    ? undefined
    : `its e-values are ${show(claimed)}, and those of the outcomes are ${show(e)}`;
}

function faultOfMissing(trial: Trial, step: OutcomesMissing): string | undefined {
  return isSame(missingOutcomes(trial, step.timeMs), step)
    ? undefined
    : 'other outcomes than these were late';
}

function faultOfPause(trial: Trial, { reason }: TrialPaused): string | undefined {
  if (trial.pauses.includes(reason)) return 'the trial was paused already';
  if (reason === 'operator') return undefined;
  return isOutage(trial) ? undefined : 'the outcomes show no outage';
}

function faultOfEnd(trial: Trial, step: TrialEnded): string | undefined {
  const { verdict } = step.effect;
  // One that was cut short from outside has found nothing.
  const due = step.counts ? judge(trial, step.timeMs)?.verdict : 'invalid';
  if (due === undefined) return `it says ${verdict}, and the evidence says nothing yet`;
  if (due !== verdict) return `it says ${verdict}, and the evidence says ${due}`;
  const { evidence, tasksUsed } = trial;
  if (!isSame(trialEffect(due, evidence, tasksUsed), step.effect)) {
    return 'its estimates are not those of the evidence';
  }
  if (!isSame(due === 'inconclusive' ? evidence : undefined, step.carried)) {
    return 'it hands on other evidence than there is';
  }
  return OUTCOMES[due].includes(step.outcome)
    ? undefined
    : `its verdict does not lead to ${step.outcome}`;
}

/** The labels that `assignTask` made a kind of. */
function labelsOf(kind: string, names: readonly string[]): Record<string, string> {
  const values = names.length === 0 ? [] : (JSON.parse(kind) as (string | null)[]);
  return Object.fromEntries(
    names.flatMap((name, i) => {
      const value = values[i];
      return typeof value === 'string' ? [[name, value] as const] : [];
    }),
  );
}

/** Whether something is evidence of a metric. */
function isOf(metric: Metric, evidence: MetricEvidence | undefined): boolean {
  if (evidence === undefined || !isSame(evidence.metric, metric)) return false;
  const { harm, help, differences, tasksOld, tasksNew, oldScale, pairs } = evidence;
  const numbers = [...harm, ...help, ...differences, tasksOld, tasksNew, oldScale, pairs];
  return numbers.every((number) => typeof number === 'number');
}

/** Whether two things are the same once they are JSON. */
export function isSame(a: unknown, b: unknown): boolean {
  return sameValue(plain(a), plain(b));
}

function plain(value: unknown): Value | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Value);
}

function show(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
