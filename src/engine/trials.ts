import type { Delta } from '../domain/delta.ts';
import { violationOf } from '../domain/parameters.ts';
import type { LoopSettings } from '../domain/settings.ts';
import { own, sameValue } from '../domain/value.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { missingOutcomes } from '../trial/advance.ts';
import { Changes } from './changes.ts';
import type { Environment } from './environment.ts';
import { modeOf } from './proposals.ts';
import { revertIn } from './revert.ts';
import { TrialChanges } from './trial-changes.ts';

/** Pauses all trials: the old values are in force; or resumes them. Doing it twice is fine. */
export function setTrialsPaused(paused: boolean, environment: Environment): Decision<void> {
  return (view) => {
    if (view.head.trialsPaused === paused) return { events: [], result: () => {} };
    const changes = new Changes(view, environment.nowMs);
    changes.events.push({ kind: 'trials_paused', timeMs: environment.nowMs, paused });
    const trials = new TrialChanges(changes, view, environment);
    if (paused) trials.pause('operator');
    else trials.resume('operator');
    return { events: changes.events, result: () => {} };
  };
}

/** Whether something has come to the end of its time. */
export function isDue(view: LedgerView, nowMs: number): boolean {
  const { trial } = view;
  const isLate =
    trial !== undefined &&
    (nowMs - trial.startTimeMs >= trial.plan.maxMs || missingOutcomes(trial, nowMs) !== undefined);
  return isLate || unacknowledged(view, nowMs).length > 0;
}

/** Ends what has come to the end of its time: outcomes, trials, deltas that nobody acknowledged. */
export function expireDue(environment: Environment): Decision<void> {
  return (view) => {
    const { nowMs } = environment;
    const changes = new Changes(view, nowMs);
    const trials = new TrialChanges(changes, view, environment);
    trials.expire();
    for (const delta of unacknowledged(view, nowMs)) {
      const summary = 'Reverted: no client acknowledged it within curation.ack_timeout_seconds';
      trials.stopIfOn(
        delta.target,
        `delta ${delta.deltaId}, which set the old value, was reverted`,
      );
      if (!sameValue(changes.valueOf(delta.target), delta.newValue)) continue;
      revertIn(changes, delta, summary, environment);
    }
    return { events: changes.events, result: () => {} };
  };
}

/** Deltas that a client should have acknowledged by now, and whose value is still in force. */
function unacknowledged(view: LedgerView, nowMs: number): Delta[] {
  const targets = new Set<string>();
  return view
    .awaitedAcks()
    .toReversed()
    .flatMap(({ deltaId, target, byMs }) => {
      // A later one stands in front of the others, even where it has the same value.
      const isLast = !targets.has(target);
      targets.add(target);
      const delta = isLast && byMs <= nowMs ? view.delta(deltaId) : undefined;
      if (delta?.state !== 'applied') return [];
      // While blocks are on, the value comes and goes.
      const plan = view.trial?.plan;
      const live = own(view.head.parameters, target);
      const standing = plan?.target === target ? plan.oldValue : live;
      return sameValue(standing, delta.newValue) ? [delta] : [];
    });
}

/** Why a trial cannot go on under a config; `undefined`: it can. */
function objectionTo(view: LedgerView, settings: LoopSettings): string | undefined {
  const { plan, block } = view.trial ?? {};
  if (plan === undefined) return undefined;
  const rule = settings.rules.find(({ id }) => id === plan.ruleId);
  if (rule === undefined) return `rule ${plan.ruleId} is no longer there`;
  if (rule.fingerprint !== plan.fingerprint) return `rule ${plan.ruleId} was changed`;
  if (modeOf(rule, settings) !== 'trial') return `rule ${plan.ruleId} is no longer in mode trial`;
  // One that a trial was to add has been given its initial value.
  const standing = block?.arm === 'new' ? plan.newValue : plan.oldValue;
  if (!sameValue(own(view.head.parameters, plan.target), standing)) {
    return `parameter ${plan.target} was declared`;
  }
  const spec = own(settings.parameters, plan.target);
  const violation = plan.newValue === undefined ? undefined : violationOf(spec, plan.newValue);
  return violation === undefined ? undefined : `its value is no longer allowed: ${violation}`;
}

/** Takes up a config: a trial that it does not allow is ended, and nothing waits for one in vain. */
export function reviewTrial(environment: Environment): Decision<void> {
  return (view) => {
    const changes = new Changes(view, environment.nowMs);
    const objection = objectionTo(view, environment.settings);
    if (objection !== undefined) new TrialChanges(changes, view, environment).stop(objection);
    const { settings } = environment;
    for (const { deltaId, ruleId, waitsFor } of view.pending()) {
      if (waitsFor !== 'trial') continue;
      const rule = settings.rules.find(({ id }) => id === ruleId);
      if (rule !== undefined && modeOf(rule, settings) === 'trial') continue;
      changes.expire(deltaId, `Expired: rule ${ruleId} is no longer in mode trial`);
    }
    return { events: changes.events, result: () => {} };
  };
}
