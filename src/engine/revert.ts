import { bornApplied, type Delta, isLive } from '../domain/delta.ts';
import { sameValue } from '../domain/value.ts';
import type { Decided, Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { standingArm } from '../trial/trial.ts';
import { Changes } from './changes.ts';
import { decidedOn, inverseOf, known, stateError, withReason } from './deltas.ts';
import type { Environment } from './environment.ts';
import { hasParameter } from './parameters.ts';
import { TrialChanges } from './trial-changes.ts';

/** Restores the value before a delta, whose change rests then; answers the delta that does so. */
export function revert(deltaId: string, reason: string, environment: Environment): Decision<Delta> {
  return (view) => {
    const delta = known(view, deltaId);
    const summary = withReason('Reverted by an operator', reason);
    const decided = revertTo(view, delta, summary, environment);
    const change = view.delta(delta.trialDeltaId) ?? delta;
    if (change.ruleId === '' || change.revertsDeltaId !== '') return decided;
    const withdrawn = {
      kind: 'delta_withdrawn',
      deltaId: change.deltaId,
      timeMs: environment.nowMs,
    } as const;
    return { ...decided, events: [withdrawn, ...decided.events] };
  };
}

/**
 * Restores the value before a delta by compare-and-set: throws `DELTA_STATE` if the live value is not
 * the one that the delta set. If the delta is on trial, or its trial is suspended, the trial is ended.
 */
export function revertTo(
  view: LedgerView,
  delta: Delta,
  summary: string,
  environment: Environment,
): Decided<Delta> {
  if (!hasParameter(environment.settings, delta.target)) {
    throw stateError(delta, `the config has no ${delta.target} any more`);
  }
  const changes = new Changes(view, environment.nowMs);
  const trials = new TrialChanges(changes, view, environment);
  const triedId = delta.trialDeltaId || delta.deltaId;
  const tried = trials.all.find(({ plan }) => plan.deltaId === triedId);
  if (tried !== undefined && standingArm(tried) === 'old') {
    trials.stop(triedId, summary);
    return decidedOn(changes, changes.lastBorn() ?? triedId);
  }
  if (delta.trialDeltaId !== '') {
    if (tried === undefined) throw stateError(delta, 'the trial that it is part of is over');
    return revertTo(view, known(view, triedId), summary, environment);
  }
  if (!isLive(delta)) throw stateError(delta, 'only a delta in force can be reverted');
  trials.stopOn(delta.target, summary);
  const live = changes.valueOf(delta.target);
  if (!sameValue(live, delta.newValue)) {
    throw stateError(delta, `${delta.target} is ${JSON.stringify(live)} now, set by another delta`);
  }
  return decidedOn(changes, revertIn(changes, delta, summary, environment));
}

/** Restores the value before a delta that is in force; answers the id of the delta that does so. */
export function revertIn(
  changes: Changes,
  delta: Delta,
  summary: string,
  { newId }: Environment,
): string {
  const reversal = changes.propose({
    deltaId: newId(),
    ruleId: delta.ruleId,
    type: delta.type,
    operation: inverseOf(delta.operation),
    target: delta.target,
    oldValue: changes.valueOf(delta.target),
    newValue: delta.replacedValue,
    reasoning: summary,
    ...bornApplied(changes.wallMs),
    revertsDeltaId: delta.deltaId,
  });
  // Reverting an override also ends its hold.
  changes.apply(reversal, { holdUntilMs: delta.ruleId === '' ? 0 : null });
  changes.markReverted(delta.deltaId, summary);
  return reversal.deltaId;
}
