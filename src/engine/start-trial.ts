import type { Delta } from '../domain/delta.ts';
import type { Metric } from '../domain/effect.ts';
import { limitValue, violationOf } from '../domain/parameters.ts';
import type { Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, sameValue, type Value } from '../domain/value.ts';
import { appliedLastHour } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { MEASURED_TASKS, type TrialPlan } from '../trial/plan.ts';
import { describeObstacle, describePower, objectionToTrial } from '../trial/power.ts';
import type { Changes } from './changes.ts';
import { ackDeadline } from './effects.ts';
import type { Environment } from './environment.ts';
import { waitsForNews } from './news.ts';
import { assignmentOf, planTrial } from './plan-trial.ts';
import { isHarmResting, isStopped, lastTried, modeOf, restingUntil } from './proposals.ts';
import type { TrialChanges } from './trial-changes.ts';

/** Where a trial starts. */
export interface Place {
  readonly view: LedgerView;
  readonly changes: Changes;
  readonly trials: TrialChanges;
}

/**
 * Starts a trial where none is on: of what was tried longest ago, or never; of this cycle's proposals
 * before those that wait, of those the oldest first.
 */
export function startNextTrial(
  place: Place,
  fresh: readonly Delta[],
  waiting: readonly Delta[],
  environment: Environment,
): void {
  const { view, trials } = place;
  if (trials.on !== undefined || trials.arePaused) return;
  if (assignmentOf(environment) === undefined) return;
  if (whyHourIsFull(view, environment.settings, environment.nowMs) !== undefined) return;
  const older = waiting.filter(({ waitsFor }) => waitsFor === 'trial');
  const candidates = [...fresh, ...older]
    .flatMap((delta) => candidateOf(place, delta, environment) ?? [])
    .sort((a, b) => a.tried - b.tried);
  const [first] = candidates;
  if (first === undefined) return;
  begin(place, planTrial(place, { ...first, retrialOf: undefined }, environment), environment);
}

/** Begins a trial, and says what may come of it. */
export function begin({ view, trials }: Place, plan: TrialPlan, environment: Environment): void {
  const participants = {
    followers: environment.followers().length,
    ask: environment.asksByTask() === true,
    sequence: view.head.sequence,
  };
  const tasks = view.newestTasks(MEASURED_TASKS);
  trials.start(plan, describePower(plan, tasks, participants));
}

/**
 * Why what helps could not be put in force now, so that no trial begins, in words; `undefined`: it could.
 */
export function whyHourIsFull(
  { head }: Pick<LedgerView, 'head'>,
  { curation: { maxDeltasPerHour } }: LoopSettings,
  nowMs: number,
): string | undefined {
  const applied = appliedLastHour(head, nowMs);
  return maxDeltasPerHour > 0 && applied >= maxDeltasPerHour
    ? `${applied} deltas were put in force in the last hour, of ${maxDeltasPerHour} by curation.max_deltas_per_hour`
    : undefined;
}

/**
 * Puts a delta in force at once, and compares it with the old value in blocks; where that cannot be, it
 * is observed only.
 */
export function applyAndCompare(
  place: Place,
  { delta, rule }: { readonly delta: Delta; readonly rule: Rule },
  environment: Environment,
): void {
  const { view, changes } = place;
  const { settings, nowMs, followers } = environment;
  const ackByMs = ackDeadline(settings, nowMs);
  const plan = {
    ...planTrial(place, { delta, rule, retrialOf: undefined }, environment),
    assignment: 'switchback',
    isApplied: true,
  } as const;
  const tasks = view.newestTasks(MEASURED_TASKS);
  const sequence = changes.sequence + 1;
  const obstacle =
    describeObstacle(plan, tasks, { followers: followers().length, sequence, ask: false }) ??
    objectionTo(rule.primary, view, environment);
  if (obstacle !== undefined) {
    changes.applyObserved(delta, { ackByMs, summary: `Not compared: ${obstacle}` });
    return;
  }
  changes.apply(delta, { ackByMs });
  begin(place, plan, environment);
}

interface Candidate {
  readonly delta: Delta;
  readonly rule: Rule;
  readonly tried: number;
}

function isTried(rule: Rule, { settings, asksByTask }: Environment): boolean {
  const mode = modeOf(rule, settings);
  return mode === 'trial' || (mode === 'auto' && asksByTask() === true);
}

/** A proposal that can be tried now; `undefined`: it cannot, and goes on waiting. */
function candidateOf(
  { view, changes, trials }: Place,
  delta: Delta,
  environment: Environment,
): Candidate | undefined {
  const { settings, nowMs } = environment;
  const rule = settings.rules.find(({ id }) => id === delta.ruleId);
  if (rule === undefined || !isTried(rule, environment)) return undefined;
  if (objectionTo(rule.primary, view, environment) !== undefined) return undefined;
  if (isStopped(view, rule, nowMs)) return undefined;
  const { target, newValue } = delta;
  // One in force that is not proven yet, or one that late reports are awaited of.
  if (trials.all.some(({ plan, stage }) => plan.target === target && stage !== 'holdback')) {
    return undefined;
  }
  if (sameValue(changes.valueOf(target), newValue)) return undefined;
  if (newValue !== undefined && !isInReach(newValue, target, changes, settings)) return undefined;
  if (restingUntil(view, settings, target, nowMs) !== undefined) return undefined;
  if (settings.curation.cooldownSeconds > 0 && changes.isTouched(target)) return undefined;
  if (isHarmResting(view, delta, nowMs)) return undefined;
  // It may have waited while the parameter was set, or while no tasks came.
  if (waitsForNews(view, settings, target, nowMs) !== '') return undefined;
  return { delta, rule, tried: lastTried(view, delta) };
}

/** The live value may have moved since it was proposed: from there it may be too far a step. */
function isInReach(
  newValue: Value,
  target: string,
  changes: Changes,
  { parameters }: LoopSettings,
): boolean {
  const spec = own(parameters, target);
  const limited = limitValue(spec, changes.valueOf(target), newValue);
  return sameValue(limited, newValue) && violationOf(spec, newValue) === undefined;
}

/** Why no trial of a metric is to begin as tasks come at present, in words; `undefined`: it may. */
export function objectionTo(
  primary: Metric,
  view: Pick<LedgerView, 'newestTasks'>,
  environment: Pick<Environment, 'settings' | 'asksByTask'>,
): string | undefined {
  const { maxSeconds, blockTasks, outcomeTimeoutSeconds } = environment.settings.trial;
  const limits = {
    assignment: assignmentOf(environment) ?? 'switchback',
    blockTasks,
    maxMs: maxSeconds * 1000,
    primary,
    outcomeTimeoutMs:
      outcomeTimeoutSeconds === undefined ? undefined : outcomeTimeoutSeconds * 1000,
  };
  return objectionToTrial(limits, view.newestTasks(MEASURED_TASKS));
}
