import { whyNeverPasses } from '../cycle/reach.ts';
import type { Delta, DeltaType } from '../domain/delta.ts';
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
import { type Environment, followersOf } from './environment.ts';
import { waitsForNews } from './news.ts';
import { assignmentOf, outcomeTimeout, planTrial } from './plan-trial.ts';
import {
  confidenceOf,
  isHarmResting,
  isStopped,
  lastTried,
  modeOf,
  restingUntil,
  triesFirst,
} from './proposals.ts';
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
    .filter(({ rule }) => isTried(rule, environment))
    .filter(({ rule }) => objectionTo(rule.primary, view, environment) === undefined)
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
 * Puts in force, as `applyAndCompare` does, what waits for a trial by mode `auto` while tasks no longer ask
 * by their ids: its trial would not come. Answers what it has put in force.
 */
export function applyWaiting(
  place: Place,
  waiting: readonly Delta[],
  environment: Environment,
): readonly Delta[] {
  const { view, changes, trials } = place;
  const { settings, nowMs, asksByTask } = environment;
  if (triesFirst(view, asksByTask) || trials.arePaused) return [];
  const { maxDeltasPerHour } = settings.curation;
  const applied: Delta[] = [];
  for (const delta of waiting.filter(({ waitsFor }) => waitsFor === 'trial')) {
    const left = maxDeltasPerHour - appliedLastHour(view.head, nowMs) - applied.length;
    if (maxDeltasPerHour > 0 && left <= 0) break;
    const candidate = candidateOf(place, delta, environment);
    if (candidate === undefined || modeOf(candidate.rule, settings) !== 'auto') continue;
    if (changes.isTouched(delta.target) || isMuted(view, candidate.rule, environment)) continue;
    applyAndCompare(place, candidate, environment);
    applied.push(delta);
  }
  return applied;
}

/** Whether trials speak against a rule: its proposals are tried only. */
function isMuted(view: LedgerView, rule: Rule, { settings, nowMs }: Environment): boolean {
  return whyNeverPasses(rule, settings, confidenceOf(view, rule, nowMs)) !== undefined;
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
  const ackByMs = ackDeadline(environment.settings, environment.nowMs);
  const subject = { delta, rule, retrialOf: undefined, isApplied: true };
  const plan = planTrial(place, subject, environment);
  const obstacle =
    obstacleToBlocks(place, plan, delta.type, environment) ??
    objectionTo(rule.primary, view, environment);
  if (obstacle !== undefined) {
    changes.applyObserved(delta, { ackByMs, summary: `Not compared: ${obstacle}` });
    return;
  }
  changes.apply(delta, { ackByMs });
  begin(place, plan, environment);
}

/** Why no task could be told to have run in a block, in words; `undefined`: some may be. */
function obstacleToBlocks(
  { view, changes }: Place,
  plan: TrialPlan,
  type: DeltaType | undefined,
  environment: Environment,
): string | undefined {
  const { sequence } = view.head;
  const followers = followersOf(environment, type);
  // One that was sent deltas and has acknowledged none does not acknowledge; `watch` is such a one.
  const acknowledging = followers.filter(
    ({ clientId, snapshotSequence }) =>
      view.acknowledged(clientId) > 0 || snapshotSequence >= sequence,
  ).length;
  const participants = { followers: followers.length, acknowledging, ask: false };
  return describeObstacle(plan, view.newestTasks(MEASURED_TASKS), {
    ...participants,
    sequence: changes.sequence + 1,
  });
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

/** A proposal whose change is wanted and may be made now; `undefined`: it is not, and goes on waiting. */
function candidateOf(
  { view, changes, trials }: Place,
  delta: Delta,
  environment: Environment,
): Candidate | undefined {
  const { settings, nowMs } = environment;
  const rule = settings.rules.find(({ id }) => id === delta.ruleId);
  if (rule === undefined || isStopped(view, rule, nowMs)) return undefined;
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
  const { maxSeconds, blockTasks } = environment.settings.trial;
  const tasks = view.newestTasks(MEASURED_TASKS);
  const limits = {
    assignment: assignmentOf(environment) ?? 'switchback',
    blockTasks,
    maxMs: maxSeconds * 1000,
    primary,
    outcomeTimeoutMs: outcomeTimeout(environment, tasks),
  };
  return objectionToTrial(limits, tasks);
}
