import { whyNeverPasses } from '../../cycle/shortfall.ts';
import { overlap, type Place } from '../../domain/cohort.ts';
import type { Delta, DeltaType } from '../../domain/delta.ts';
import { limitValue, violationOf } from '../../domain/parameters.ts';
import type { Rule } from '../../domain/rule.ts';
import { scopeOf } from '../../domain/scope.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import { own, sameValue, type Value } from '../../domain/value.ts';
import { appliedLastHour } from '../../ledger/last-hour.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { isConstraint } from '../../trial/evidence/margin.ts';
import { MAX_PARALLEL, mayRunBeside } from '../../trial/parallel.ts';
import { MEASURED_TASKS, type TrialPlan } from '../../trial/plan.ts';
import { describeObstacle, describePower } from '../../trial/preview/power.ts';
import type { Changes } from '../decision/changes.ts';
import type { DecisionContext } from '../decision/decision.ts';
import { type Environment, followersOf } from '../decision/environment.ts';
import { excessOfOwn } from '../decision/own-values.ts';
import { whyNotToldApart } from '../decision/plan-cohorts.ts';
import { assignmentOf, measuredTasks, planTrial } from '../decision/plan-trial.ts';
import { waitsForTasks } from './fresh-tasks.ts';
import { objectionTo } from './objection.ts';
import {
  confidenceOf,
  hasBudget,
  isHarmResting,
  isStopped,
  lastTriedMs,
  modeOf,
  restingUntil,
  triesFirst,
} from './proposals.ts';

/** The subject of a trial, as far as it decides whether the trial may begin. */
export type Tried = Pick<Rule, 'id' | 'target' | 'cohort' | 'primary' | 'guards'>;

/** A trial that may begin now. */
export interface NextTrial {
  /** When the last trial of the same change, or of the same search, ended; 0 if there was none. */
  readonly triedMs: number;
  readonly tried: Tried;
  plan(): TrialPlan;
}

/**
 * Starts the trials that may begin beside those that are on: of changes that were never tried, then of those tried
 * longest ago. Among equals, this cycle's proposals come before waiting ones, of these the oldest first, and races of
 * searches last.
 *
 * @param races the races that may begin
 */
export function startTrials(
  context: DecisionContext,
  fresh: readonly Delta[],
  waiting: readonly Delta[],
  races: readonly NextTrial[],
): void {
  const older = waiting.filter(({ waitsFor }) => waitsFor === 'trial');
  const proposed = [...fresh, ...older]
    .flatMap((delta) => candidateOf(context, delta) ?? [])
    .filter(({ rule }) => isTried(rule, context.environment))
    .map((candidate) => proposedTrial(context, candidate));
  for (const { tried, plan } of [...proposed, ...races].sort((a, b) => a.triedMs - b.triedMs)) {
    if (mayBegin(context, tried)) begin(context, plan());
  }
}

function mayBegin(context: DecisionContext, tried: Tried): boolean {
  const { view, environment, trials } = context;
  const { settings, nowMs } = environment;
  if (trials.arePaused || trials.on.length >= MAX_PARALLEL) return false;
  if (whyHourIsFull(view, settings, nowMs, trials.on.length) !== undefined) return false;
  return fits(context, tried) && objectionTo(tried, view, environment) === undefined;
}

/** Whether a trial may begin beside the trials that are open. */
export function fits(
  { environment, trials }: Pick<DecisionContext, 'environment' | 'trials'>,
  tried: Pick<Tried, 'id' | 'target' | 'cohort'>,
): boolean {
  const { target } = tried;
  const subject = { ruleId: tried.id, target };
  const assignment = assignmentOf(environment, subject);
  if (assignment === undefined) return false;
  const { interferesWith } = scopeOf(environment.settings, subject);
  const own = { target, assignment, ...(interferesWith === undefined ? {} : { interferesWith }) };
  return (
    trials.on.every(({ plan }) => mayRunBeside(own, plan)) &&
    trials.all.every(({ plan, stage }) => stage === 'holdback' || !overlap(plan, tried))
  );
}

function proposedTrial(
  { view, environment, changes }: DecisionContext,
  { delta, rule, triedMs }: TrialCandidate,
): NextTrial {
  const { cohort } = delta;
  const plan = () =>
    planTrial(view, environment, { delta, rule, oldValue: changes.valueOf(delta) });
  return { triedMs, tried: { ...rule, cohort }, plan };
}

/** Begins a trial, with a summary of how long it may take. */
export function begin({ view, environment, trials }: DecisionContext, plan: TrialPlan): void {
  const together = whyNotToldApart(view, environment.settings);
  const isOfAll = plan.cohort === undefined && together !== undefined;
  const summary = describePowerNow(view, environment, plan);
  trials.start(plan, isOfAll ? `${summary} As for ${together}.` : summary);
}

/** What a trial can find, and how long it may take, by the newest tasks. */
export function describePowerNow(
  view: LedgerView,
  environment: Environment,
  plan: TrialPlan,
): string {
  return describePower(plan, measuredTasks(view, environment, plan), {
    followers: environment.followers().length,
    ask: environment.asksByTask() === true,
    sequence: view.head.sequence,
  });
}

/**
 * Why no trial begins, in words, if a change that helps could not be applied this hour.
 *
 * @param onTrial trials that are on, each of which may apply a change
 */
export function whyHourIsFull(
  { head }: Pick<LedgerView, 'head'>,
  { curation: { maxDeltasPerHour } }: LoopSettings,
  nowMs: number,
  onTrial = 0,
): string | undefined {
  const applied = appliedLastHour(head, nowMs);
  return maxDeltasPerHour > 0 && applied + onTrial >= maxDeltasPerHour
    ? `${applied} deltas were put in force in the last hour, of ${maxDeltasPerHour} by curation.max_deltas_per_hour`
    : undefined;
}

/**
 * Applies, as `applyAndCompare` does, proposals of mode `auto` that wait for a trial, once tasks no longer ask by their
 * ids: such a trial would never begin. Returns the applied proposals.
 */
export function applyWaiting(
  context: DecisionContext,
  waiting: readonly Delta[],
): readonly Delta[] {
  const { view, environment, changes, trials } = context;
  const { settings, nowMs } = environment;
  if (trials.arePaused) return [];
  const { maxDeltasPerHour } = settings.curation;
  const applied: Delta[] = [];
  for (const delta of waiting.filter(({ waitsFor }) => waitsFor === 'trial')) {
    const left = maxDeltasPerHour - appliedLastHour(view.head, nowMs) - applied.length;
    if (maxDeltasPerHour > 0 && left <= 0) break;
    const candidate = candidateOf(context, delta);
    if (candidate === undefined || modeOf(candidate.rule, settings) !== 'auto') continue;
    if (triesFirst(view, environment, candidate.rule)) continue;
    if (changes.hasCooldownBegun(delta) || isMuted(view, candidate.rule, environment)) continue;
    if (whyUnprovable(context, candidate) !== undefined) continue;
    applyAndCompare(context, candidate);
    applied.push(delta);
  }
  return applied;
}

/** Whether a rule's trials speak against it, so that its proposals are only tried. */
function isMuted(view: LedgerView, rule: Rule, { settings, nowMs }: Environment): boolean {
  return whyNeverPasses(rule, settings, confidenceOf(view, rule, nowMs)) !== undefined;
}

/** Applies a delta at once; compares it with the old value in blocks or, if it cannot be compared, observes it. */
export function applyAndCompare(
  context: DecisionContext,
  { delta, rule }: { readonly delta: Delta; readonly rule: Rule },
): void {
  const { view, environment, changes } = context;
  const ackByMs = changes.ackByMs(delta);
  const oldValue = changes.valueOf(delta);
  const plan = planTrial(view, environment, { delta, rule, oldValue, isApplied: true });
  const obstacle =
    obstacleToBlocks(context, plan, delta.type) ?? objectionTo(rule, view, environment);
  if (obstacle !== undefined) {
    changes.applyAndObserve(delta, { ackByMs, summary: `Not compared: ${obstacle}` });
    return;
  }
  changes.apply(delta, { ackByMs });
  begin(context, plan);
}

/**
 * Why a change with constraints must not be applied at once, in words: they could not be proven. `undefined` if they can
 * be, or there are none.
 */
export function whyUnprovable(
  context: DecisionContext,
  { delta, rule }: { readonly delta: Delta; readonly rule: Rule },
): string | undefined {
  const { view, environment, changes } = context;
  if (!rule.guards.some(isConstraint)) return undefined;
  const oldValue = changes.valueOf(delta);
  const plan = planTrial(view, environment, { delta, rule, oldValue, isApplied: true });
  const obstacle =
    obstacleToBlocks(context, plan, delta.type) ??
    objectionTo({ ...rule, cohort: delta.cohort }, view, environment);
  return obstacle && `Not put in force, since its constraints could not be proven: ${obstacle}`;
}

/** Why no task could be assigned to a block, in words; `undefined` if some may be. */
function obstacleToBlocks(
  { view, environment, changes }: DecisionContext,
  plan: TrialPlan,
  type: DeltaType | undefined,
): string | undefined {
  const { sequence } = view.head;
  const followers = followersOf(environment, type);
  // A client such as `watch`, that was sent deltas and has acknowledged none, does not acknowledge.
  const acknowledging = followers.filter(
    ({ clientId, snapshotSequence }) =>
      view.acknowledged(clientId) > 0 || snapshotSequence >= sequence,
  ).length;
  return describeObstacle(plan, view.newestTasks(MEASURED_TASKS), {
    followers: followers.length,
    acknowledging,
    ask: false,
    sequence: changes.sequence + 1,
  });
}

interface TrialCandidate {
  readonly delta: Delta;
  readonly rule: Rule;
  /** When the last trial of the delta's change ended; 0 if there was none. */
  readonly triedMs: number;
}

function isTried(rule: Rule, { settings, asksByTask }: Environment): boolean {
  const mode = modeOf(rule, settings);
  const isBounded = hasBudget(settings, rule) && asksByTask() !== undefined;
  return mode === 'trial' || (mode === 'auto' && (asksByTask() === true || isBounded));
}

/** A proposal whose change may be made now; `undefined` if it has to wait. */
function candidateOf(
  { view, environment: { settings, nowMs }, changes, trials }: DecisionContext,
  delta: Delta,
): TrialCandidate | undefined {
  const rule = settings.rules.find(({ id }) => id === delta.ruleId);
  if (rule === undefined || isStopped(view, rule, nowMs)) return undefined;
  const { newValue } = delta;
  // It has had its trial in this decision.
  if (trials.of(delta.deltaId) !== undefined) return undefined;
  // A value is live and not proven yet, or a trial of the parameter waits for late reports.
  if (trials.all.some(({ plan, stage }) => overlap(plan, delta) && stage !== 'holdback')) {
    return undefined;
  }
  if (sameValue(changes.valueOf(delta), newValue)) return undefined;
  if (newValue !== undefined && !isInReach(newValue, delta, changes, settings)) return undefined;
  if (restingUntil(view, settings, delta, nowMs) !== undefined) return undefined;
  if (settings.curation.cooldownSeconds > 0 && changes.hasCooldownBegun(delta)) return undefined;
  if (isHarmResting(view, delta, nowMs)) return undefined;
  if (excessOfOwn(view.head, delta, newValue) !== undefined) return undefined;
  // The proposal may have waited while the parameter was set, or while no tasks came.
  if (waitsForTasks(view, settings, delta, nowMs) !== '') return undefined;
  return { delta, rule, triedMs: lastTriedMs(view, delta) };
}

/** Whether a value is allowed, and within `max_step` of the live one, which may differ from that at the proposal. */
function isInReach(
  newValue: Value,
  place: Place,
  changes: Changes,
  { parameters }: LoopSettings,
): boolean {
  const spec = own(parameters, place.target);
  const limited = limitValue(spec, changes.valueOf(place), newValue);
  return sameValue(limited, newValue) && violationOf(spec, newValue) === undefined;
}
