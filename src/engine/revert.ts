import { placeName } from '../domain/cohort.ts';
import { type Delta, isLive } from '../domain/delta.ts';
import { sameValue } from '../domain/value.ts';
import { standingArm } from '../trial/standing.ts';
import type { Changes } from './decision/changes.ts';
import { type DecisionContext, decision, type EngineDecision } from './decision/decision.ts';
import { inverseOf, known, stateError, withReason } from './decision/deltas.ts';
import { hasParameter } from './parameters.ts';

/**
 * Restores the value before a delta by a new delta, which is returned. The reverted change rests as after a refusal.
 */
export function revert(deltaId: string, reason: string): EngineDecision<Delta> {
  return decision((context) => {
    const { view, changes } = context;
    const delta = known(view, deltaId);
    const change = view.delta(delta.trialDeltaId) ?? delta;
    if (change.ruleId !== '' && change.revertsDeltaId === '') {
      const { deltaId } = change;
      changes.events.push({ kind: 'delta_withdrawn', deltaId, timeMs: changes.nowMs });
    }
    const revertId = revertTo(context, delta, withReason('Reverted by an operator', reason));
    return (after) => known(after, revertId);
  });
}

/**
 * Restores the value before a delta by compare-and-set; returns the id of the new delta. Throws `DELTA_STATE` if the
 * live value is not the one that the delta set. A trial in which the delta's value is not live yet, or that is
 * suspended, is ended instead.
 */
export function revertTo(context: DecisionContext, delta: Delta, summary: string): string {
  const { view, environment, changes, trials } = context;
  if (!hasParameter(environment.settings, delta.target)) {
    throw stateError(delta, `the config has no ${delta.target} any more`);
  }
  const triedId = delta.trialDeltaId || delta.deltaId;
  const tried = trials.of(triedId);
  if (tried?.trial !== undefined && standingArm(tried.trial) === 'old') {
    tried.stop(summary);
    return changes.lastBorn() ?? triedId;
  }
  if (delta.trialDeltaId !== '') {
    if (tried === undefined) throw stateError(delta, 'the trial that it is part of is over');
    return revertTo(context, known(view, triedId), summary);
  }
  if (!isLive(delta)) throw stateError(delta, 'only a delta in force can be reverted');
  trials.stopOn(delta, summary);
  const live = changes.valueOf(delta);
  if (!sameValue(live, delta.newValue)) {
    throw stateError(
      delta,
      `${placeName(delta)} is ${JSON.stringify(live)} now, set by another delta`,
    );
  }
  return revertIn(changes, delta, summary);
}

/** Restores the value before a delta that is live; returns the id of the new delta. */
export function revertIn(changes: Changes, delta: Delta, summary: string): string {
  const reversal = changes.proposeSetting({
    ruleId: delta.ruleId,
    type: delta.type,
    operation: inverseOf(delta.operation),
    target: delta.target,
    cohort: delta.cohort,
    newValue: delta.replacedValue,
    reasoning: summary,
    revertsDeltaId: delta.deltaId,
  });
  // Reverting an override also ends its hold.
  changes.apply(reversal, { holdUntilMs: delta.ruleId === '' ? 0 : null });
  changes.markReverted(delta.deltaId, summary);
  return reversal.deltaId;
}
