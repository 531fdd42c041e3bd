import { bornApplied, type Delta } from '../domain/delta.ts';
import { invalidFields, LearningError } from '../domain/errors.ts';
import { kindViolation, violationOf } from '../domain/parameters.ts';
import type { ParameterSpec } from '../domain/settings.ts';
import { own, type Value } from '../domain/value.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { Changes } from './changes.ts';
import { decidedOn, known, stateError, withReason } from './deltas.ts';
import { ackDeadline } from './effects.ts';
import type { Environment } from './environment.ts';
import { TrialChanges } from './trial-changes.ts';

/** An operator's override of a parameter. */
export interface Override {
  readonly target: string;
  readonly value: Value;
  readonly reason: string;
  readonly holdSeconds: number;
}

/** Puts a waiting proposal in force; answers the delta. */
export function approve(
  deltaId: string,
  reason: string,
  environment: Environment,
): Decision<Delta> {
  const { nowMs, settings } = environment;
  return (view) => {
    const delta = waiting(view, deltaId, nowMs);
    const violation =
      delta.newValue === undefined
        ? undefined
        : violationOf(own(settings.parameters, delta.target), delta.newValue);
    if (violation !== undefined) {
      throw stateError(delta, `its value is no longer allowed: ${violation}`);
    }
    const changes = new Changes(view, nowMs);
    const summary = withReason('Approved by an operator', reason);
    const why = `an operator approved delta ${deltaId}`;
    new TrialChanges(changes, view, environment).stopOn(delta.target, why);
    // The live value may have changed while the proposal waited; an old value in the rule has not.
    const rule = settings.rules.find(({ id }) => id === delta.ruleId);
    const oldValue = rule?.oldValue === undefined ? changes.valueOf(delta.target) : delta.oldValue;
    const how = { oldValue, summary, ackByMs: ackDeadline(settings, nowMs) };
    // The effect of a trial must not be replaced by an observation.
    if (delta.effect === undefined) changes.applyObserved(delta, how);
    else changes.apply(delta, how);
    return decidedOn(changes, deltaId);
  };
}

/** Rejects a waiting proposal; answers the delta. */
export function reject(deltaId: string, reason: string, { nowMs }: Environment): Decision<Delta> {
  return (view) => {
    waiting(view, deltaId, nowMs);
    const changes = new Changes(view, nowMs);
    changes.reject(deltaId, withReason('Rejected by an operator', reason));
    return decidedOn(changes, deltaId);
  };
}

/** Overrides a parameter; answers the delta that does so. */
export function setParameter(
  { target, value, reason, holdSeconds }: Override,
  environment: Environment,
): Decision<Delta> {
  const { settings, nowMs, newId } = environment;
  return (view) => {
    const changes = new Changes(view, nowMs);
    if (changes.valueOf(target) === undefined) {
      throw new LearningError(
        'PARAMETER_NOT_FOUND',
        `there is no parameter ${JSON.stringify(target)}`,
      );
    }
    const why = `an operator set ${target}`;
    new TrialChanges(changes, view, environment).stopOn(target, why);
    const current = changes.valueOf(target) ?? null;
    checkOverride(value, current, own(settings.parameters, target));
    const delta = changes.propose({
      deltaId: newId(),
      ruleId: '',
      type: settings.rules.find((rule) => rule.target === target)?.type,
      operation: 'modify',
      target,
      oldValue: current,
      newValue: value,
      reasoning: withReason('Set by an operator', reason),
      ...bornApplied(changes.wallMs),
    });
    // A new override replaces the former one's hold, also by none.
    const holdUntilMs = holdSeconds > 0 ? nowMs + holdSeconds * 1000 : 0;
    changes.applyObserved(delta, { holdUntilMs });
    return decidedOn(changes, delta.deltaId);
  };
}

function checkOverride(value: Value, current: Value, spec: ParameterSpec | undefined): void {
  // What no config declares, since a rule has added it, stays of its kind.
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
