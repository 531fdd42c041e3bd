import { liveValue } from '../domain/cohort.ts';
import { type Delta, isLive } from '../domain/delta.ts';
import { violationOf } from '../domain/parameters.ts';
import { tries } from '../domain/rule.ts';
import { isOfSearch } from '../domain/search.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, sameValue, type Value } from '../domain/value.ts';
import { type LedgerView, trialsOn } from '../ledger/view.ts';
import { missingOutcomes, nextMove } from '../trial/advance.ts';
import type { TrialPlan } from '../trial/plan.ts';
import { isOnTrial, standingArm } from '../trial/standing.ts';
import { isOfThisFormat, runningBlock, type Trial } from '../trial/trial.ts';
import { decision, type EngineDecision } from './decision/decision.ts';
import { modeOf } from './proposals/proposals.ts';
import { searchSubject } from './proposals/search-subject.ts';
import { revertIn } from './revert.ts';

/** Why a trial of an earlier release ends. */
const ABANDONED = 'it was begun by an earlier release, whose evidence cannot be gone on with';

/** Pauses all trials, with the old values live, or resumes them. Idempotent. */
export function setTrialsPaused(paused: boolean): EngineDecision<void> {
  return decision(({ trials }) => {
    if (trials.arePaused !== paused) trials.setPaused(paused);
  });
}

/** Whether `expireDue` has anything to do. */
export function isDue(view: LedgerView, nowMs: number): boolean {
  const recorded = view.head.counters.tasksRecorded;
  const isLate = (trial: Trial) =>
    isOfThisFormat(trial.plan) &&
    (missingOutcomes(trial, nowMs, recorded) !== undefined ||
      nextMove(trial, nowMs, recorded) !== undefined);
  return view.trials.some(isLate) || unacknowledged(view, nowMs).length > 0;
}

/** Ends what is overdue: outcomes, trials, and deltas that no client acknowledged. */
export function expireDue(): EngineDecision<void> {
  return decision(({ view, changes, trials }) => {
    trials.expire();
    for (const delta of unacknowledged(view, changes.nowMs)) {
      const summary = 'Reverted: no client acknowledged it within curation.ack_timeout_seconds';
      trials.stopOn(delta, `no client acknowledged delta ${delta.deltaId}`);
      if (!sameValue(changes.valueOf(delta), delta.newValue)) continue;
      revertIn(changes, delta, summary);
    }
  });
}

/** Deltas whose acknowledgement is overdue, and whose value is still live. */
function unacknowledged(view: LedgerView, nowMs: number): Delta[] {
  const targets = new Set<string>();
  return view.pendingWork.awaitedAcks.toReversed().flatMap(({ deltaId, target, byMs }) => {
    // Only the last delta of a parameter counts, even if an earlier one has the same value.
    const isLast = !targets.has(target);
    targets.add(target);
    const delta = isLast && byMs <= nowMs ? view.delta(deltaId) : undefined;
    if (delta === undefined || !isLive(delta)) return [];
    // The blocks of a switchback trial change the live value meanwhile.
    const isOfAll = ({ stage, plan }: Trial) => stage !== 'holdback' && plan.cohort === undefined;
    const [tried] = trialsOn(view, { target }).filter(isOfAll);
    const standing = tried === undefined ? own(view.head.parameters, target) : standingValue(tried);
    return sameValue(standing, delta.newValue) ? [delta] : [];
  });
}

function standingValue(trial: Trial): Value | undefined {
  return standingArm(trial) === 'old' ? trial.plan.oldValue : trial.plan.newValue;
}

/** Why a trial cannot continue under a config, in words; `undefined` if it can. */
function whyEnded(trial: Trial, view: LedgerView, settings: LoopSettings): string | undefined {
  const { plan } = trial;
  const { target, cohort, oldValue, newValue, retrialOf, primary } = plan;
  const isPromoted = !isOnTrial(trial);
  // The rule has no say once the new value is live, or when a confirmed change's old value is tried again.
  const faultOf = isOfSearch(plan) ? faultOfSearch : faultOfRule;
  const fault = isPromoted || retrialOf !== undefined ? undefined : faultOf(plan, settings);
  if (fault !== undefined) return fault;
  // A holdback goes on without it: harm to what is left would be found.
  const { expression } = primary;
  const isComputed = expression === undefined || settings.utilities.has(expression);
  if (!isComputed && trial.stage !== 'holdback') return 'its utility is no longer in the config';
  const standing = runningBlock(trial)?.arm === 'new' ? newValue : oldValue;
  if (cohort !== undefined && cohort.label !== settings.trial.cohorts) {
    return `trial.cohorts is no longer ${cohort.label}`;
  }
  // The live value differs if a config has since declared the parameter that the trial was to add.
  const expected = isPromoted ? [oldValue, newValue] : [standing];
  const live = liveValue(view.head, plan);
  if (!expected.some((value) => sameValue(live, value))) return `parameter ${target} was declared`;
  const spec = own(settings.parameters, target);
  const violation = (isPromoted && violationOf(spec, oldValue)) || violationOf(spec, newValue);
  return violation && `its value is no longer allowed: ${violation}`;
}

/** Why a search's race is no longer run, in words; `undefined` if it still is. */
function faultOfSearch({ target, fingerprint }: TrialPlan, settings: LoopSettings) {
  const subject = searchSubject(settings, target);
  if (subject === undefined) return `the value of ${target} is no longer searched`;
  return subject.fingerprint === fingerprint ? undefined : `the search for ${target} was changed`;
}

/** Why a rule's proposal is no longer tried, in words; `undefined` if it still is. */
function faultOfRule({ ruleId, fingerprint }: TrialPlan, settings: LoopSettings) {
  const rule = settings.rules.find(({ id }) => id === ruleId);
  if (rule === undefined) return `rule ${ruleId} is no longer there`;
  if (rule.fingerprint !== fingerprint) return `rule ${ruleId} was changed`;
  return tries(modeOf(rule, settings)) ? undefined : `rule ${ruleId} is no longer in mode trial`;
}

/**
 * Applies a config to trials: ends trials that the config does not allow or an earlier release began, and expires
 * proposals whose rule is no longer in mode trial.
 */
export function reviewTrials(): EngineDecision<void> {
  return decision(({ view, environment: { settings }, changes, trials }) => {
    for (const trial of view.trials) {
      const change = trials.of(trial.plan.deltaId);
      const objection = whyEnded(trial, view, settings);
      if (!isOfThisFormat(trial.plan)) {
        change?.end({ verdict: 'inconclusive', reason: ABANDONED }, false);
      } else if (objection !== undefined) change?.stop(objection);
    }
    for (const { deltaId, ruleId, waitsFor } of view.pending()) {
      if (waitsFor !== 'trial') continue;
      const rule = settings.rules.find(({ id }) => id === ruleId);
      if (rule !== undefined && tries(modeOf(rule, settings))) continue;
      changes.expire(deltaId, `Expired: rule ${ruleId} is no longer in mode trial`);
    }
  });
}
