import type { Delta } from '../domain/delta.ts';
import { invalidFields, LearningError } from '../domain/errors.ts';
import { kindViolation, violationOf } from '../domain/parameters.ts';
import type { ParameterSpec } from '../domain/settings.ts';
import { own, type Value } from '../domain/value.ts';
import type { LedgerView } from '../ledger/view.ts';
import { decision, type EngineDecision } from './decision/decision.ts';
import { known, quote, stateError, withReason } from './decision/deltas.ts';

/** An operator's override of a parameter. */
export interface Override {
  readonly target: string;
  readonly value: Value;
  readonly reason: string;
  readonly holdSeconds: number;
}

/** Applies a waiting proposal; returns the delta. */
export function approve(deltaId: string, reason: string): EngineDecision<Delta> {
  return decision(({ view, environment: { settings }, changes, trials }) => {
    const delta = waiting(view, deltaId, changes.nowMs);
    const violation = violationOf(own(settings.parameters, delta.target), delta.newValue);
    if (violation !== undefined) {
      throw stateError(delta, `its value is no longer allowed: ${violation}`);
    }
    trials.stopOn(delta.target, `an operator approved delta ${deltaId}`);
    // The live value may have changed while the proposal waited; an `old_value` from the rule has not.
    const rule = settings.rules.find(({ id }) => id === delta.ruleId);
    const oldValue = rule?.oldValue === undefined ? changes.valueOf(delta.target) : delta.oldValue;
    const summary = withReason('Approved by an operator', reason);
    const how = { oldValue, summary, ackByMs: changes.ackByMs };
    // The effect of a trial must not be replaced by an observation.
    if (delta.effect === undefined) changes.applyAndObserve(delta, how);
    else changes.apply(delta, how);
    return (after) => known(after, deltaId);
  });
}

/** Rejects a waiting proposal; returns the delta. */
export function reject(deltaId: string, reason: string): EngineDecision<Delta> {
  return decision(({ view, changes }) => {
    waiting(view, deltaId, changes.nowMs);
    changes.reject(deltaId, withReason('Rejected by an operator', reason));
    return (after) => known(after, deltaId);
  });
}

/** Overrides a parameter; returns the delta that does so. */
export function setParameter({
  target,
  value,
  reason,
  holdSeconds,
}: Override): EngineDecision<Delta> {
  return decision(({ environment: { settings }, changes, trials }) => {
    if (changes.valueOf(target) === undefined) {
      throw new LearningError('PARAMETER_NOT_FOUND', `there is no parameter ${quote(target)}`);
    }
    trials.stopOn(target, `an operator set ${target}`);
    checkOverride(value, changes.valueOf(target) ?? null, own(settings.parameters, target));
    const delta = changes.proposeSetting({
      ruleId: '',
      type: settings.rules.find((rule) => rule.target === target)?.type,
      operation: 'modify',
      target,
      newValue: value,
      reasoning: withReason('Set by an operator', reason),
    });
    // A new override replaces the hold of the former one, even if it has none itself.
    const holdUntilMs = holdSeconds > 0 ? changes.nowMs + holdSeconds * 1000 : 0;
    changes.applyAndObserve(delta, { holdUntilMs });
    return (after) => known(after, delta.deltaId);
  });
}

function checkOverride(value: Value, current: Value, spec: ParameterSpec | undefined): void {
  // A parameter that a rule added, and no config declares, keeps its kind.
  const ofOtherKind = spec === undefined ? kindViolation(current, value) : undefined;
  const violation = violationOf(spec, value) ?? ofOtherKind;
  if (violation !== undefined) throw invalidFields([{ field: 'value', description: violation }]);
}

function waiting(view: LedgerView, deltaId: string, nowMs: number): Delta {
  const delta = known(view, deltaId);
  if (delta.state !== 'proposed') throw stateError(delta, 'only a PROPOSED one can be decided on');
  if ((delta.expireTimeMs ?? 0) <= nowMs) throw stateError(delta, 'it has expired');
  return delta;
}
