import { type Cohort, placeName } from '../domain/cohort.ts';
import type { Delta } from '../domain/delta.ts';
import { invalidFields, LearningError } from '../domain/errors.ts';
import { kindViolation, violationOf } from '../domain/parameters.ts';
import type { ParameterSpec } from '../domain/settings.ts';
import { own, type Value } from '../domain/value.ts';
import type { LedgerView } from '../ledger/view.ts';
import { dropOwnValues, objectionToLabel } from './cohorts.ts';
import { decision, type EngineDecision } from './decision/decision.ts';
import { known, quote, stateError, withReason } from './decision/deltas.ts';
import { excessOfOwn } from './decision/own-values.ts';

/** An operator's override of a parameter. */
export interface Override {
  readonly target: string;
  /** The only tasks that get the value; absent: all, and no cohort keeps a value of its own. */
  readonly cohort?: Cohort | undefined;
  readonly value: Value;
  readonly reason: string;
  readonly holdSeconds: number;
}

/** Applies a waiting proposal; returns the delta. */
export function approve(deltaId: string, reason: string): EngineDecision<Delta> {
  return decision((context) => {
    const { view, changes, trials } = context;
    const { settings } = context.environment;
    const delta = waiting(view, deltaId, changes.nowMs);
    const violation = violationOf(own(settings.parameters, delta.target), delta.newValue);
    if (violation !== undefined) {
      throw stateError(delta, `its value is no longer allowed: ${violation}`);
    }
    const objection =
      objectionToLabel(delta, settings) ?? excessOfOwn(view.head, delta, delta.newValue);
    if (objection !== undefined) throw stateError(delta, objection);
    if (delta.cohort === undefined && delta.newValue === undefined) {
      const { target } = delta;
      dropOwnValues(context, (one) => one.target === target, `${target} is removed`);
    }
    trials.stopOn(delta, `an operator approved delta ${deltaId}`);
    // The live value may have changed while the proposal waited; an `old_value` from the rule has not.
    const rule = settings.rules.find(({ id }) => id === delta.ruleId);
    const oldValue = rule?.oldValue === undefined ? changes.valueOf(delta) : delta.oldValue;
    const summary = withReason('Approved by an operator', reason);
    const how = { oldValue, summary, ackByMs: changes.ackByMs(delta) };
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
  cohort,
  value,
  reason,
  holdSeconds,
}: Override): EngineDecision<Delta> {
  return decision((context) => {
    const { view, environment, changes, trials } = context;
    const { settings } = environment;
    const place = { target, cohort };
    const former = changes.valueOf(place);
    if (former === undefined) {
      throw new LearningError('PARAMETER_NOT_FOUND', `there is no parameter ${quote(target)}`);
    }
    const misplaced = objectionToLabel(place, settings);
    if (misplaced !== undefined) {
      throw invalidFields([{ field: 'cohort.label', description: misplaced }]);
    }
    const excess = excessOfOwn(view.head, place, value);
    if (excess !== undefined) throw invalidFields([{ field: 'value', description: excess }]);
    checkOverride(value, former, own(settings.parameters, target));
    const why = `an operator set ${placeName(place)}`;
    const followers =
      cohort === undefined ? dropOwnValues(context, (one) => one.target === target, why) : [];
    trials.stopOn(place, why);
    const text = withReason('Set by an operator', reason);
    const delta = changes.proposeSetting({
      ruleId: '',
      type: settings.rules.find((rule) => rule.target === target)?.type,
      operation: 'modify',
      target,
      cohort,
      newValue: value,
      reasoning:
        followers.length === 0
          ? text
          : `${text}; ${followers.join(', ')}: no value of their own any more`,
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
