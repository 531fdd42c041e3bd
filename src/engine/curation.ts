import type { Delta, DeltaOperation, Proposal } from '../domain/delta.ts';
import { invalidFields, LearningError } from '../domain/errors.ts';
import { violationOf } from '../domain/parameters.ts';
import type { LoopSettings, ParameterSpec } from '../domain/settings.ts';
import { kindOf, own, sameValue, type Value } from '../domain/value.ts';
import type { Decided, Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';
import { Changes } from './changes.ts';

/** What a decision of a person or a client is given from outside. */
export interface CurationEnvironment {
  readonly settings: LoopSettings;
  readonly nowMs: number;
  readonly newId: () => string;
}

/** An operator's override. */
export interface Override {
  readonly target: string;
  readonly value: Value;
  readonly reason: string;
  readonly holdSeconds: number;
}

/** A client's word on a delta. */
export interface Acknowledgement {
  readonly clientId: string;
  /** Empty matches any. */
  readonly epoch: string;
  readonly deltaId: string;
  /** Set: refused. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined;
}

/** Puts a waiting proposal in force; answers it. */
/** The decision that nothing is to be done. */
const NOTHING: Decided<void> = { events: [], result: () => {} };

export function approve(
  deltaId: string,
  reason: string,
  { nowMs, settings }: CurationEnvironment,
): Decision<Delta> {
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
    // The value may have changed while the proposal waited; a rule's own old value has not.
    const rule = settings.rules.find(({ id }) => id === delta.ruleId);
    const oldValue = rule?.oldValue === undefined ? changes.valueOf(delta.target) : delta.oldValue;
    const summary = withReason('Approved by an operator', reason);
    changes.apply(delta, { oldValue, summary });
    return decidedOn(changes, deltaId);
  };
}

/** Turns a waiting proposal down; answers it. */
export function reject(
  deltaId: string,
  reason: string,
  { nowMs }: CurationEnvironment,
): Decision<Delta> {
  return (view) => {
    waiting(view, deltaId, nowMs);
    const changes = new Changes(view, nowMs);
    changes.reject(deltaId, withReason('Rejected by an operator', reason));
    return decidedOn(changes, deltaId);
  };
}

/** Restores the value before a delta; answers the delta that does so. */
export function revert(
  deltaId: string,
  reason: string,
  environment: CurationEnvironment,
): Decision<Delta> {
  return (view) => {
    const delta = known(view, deltaId);
    return revertTo(view, delta, withReason('Reverted by an operator', reason), environment);
  };
}

/** An operator's override; answers the delta that it becomes. */
export function setParameter(
  { target, value, reason, holdSeconds }: Override,
  { settings, nowMs, newId }: CurationEnvironment,
): Decision<Delta> {
  return (view) => {
    const changes = new Changes(view, nowMs);
    const current = changes.valueOf(target);
    if (current === undefined) {
      throw new LearningError('PARAMETER_NOT_FOUND', `there is no parameter ${quote(target)}`);
    }
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
      ...bornApplied(nowMs),
    });
    // The newest override says how long; without a hold it ends the former one's.
    changes.apply(delta, { holdUntilMs: holdSeconds > 0 ? nowMs + holdSeconds * 1000 : 0 });
    return decidedOn(changes, delta.deltaId);
  };
}

/** Takes a client's acknowledgement, or its refusal, which reverts the delta. */
export function acknowledge(
  { clientId, epoch, deltaId, refusal }: Acknowledgement,
  environment: CurationEnvironment,
): Decision<void> {
  return (view) => {
    if (epoch !== '' && epoch !== view.head.epoch) {
      throw new LearningError(
        'EPOCH_CHANGED',
        `the ledger's epoch is ${view.head.epoch}, not ${quote(epoch)}: open the stream anew`,
      );
    }
    const delta = known(view, deltaId);
    if (delta.sequence === 0) throw stateError(delta, 'only a delta in force is acknowledged');
    if (refusal === undefined) return acknowledged(view, clientId, delta, environment.nowMs);
    if (delta.state === 'reverted') return NOTHING;
    if (delta.revertsDeltaId !== '') throw stateError(delta, 'a revert cannot be refused');
    const why = [refusal.reason, refusal.message].filter((text) => text !== '').join(': ');
    const summary = withReason(`Refused by client ${quote(clientId)}`, why);
    return { ...revertTo(view, delta, summary, environment), result: () => {} };
  };
}

function acknowledged(view: LedgerView, clientId: string, delta: Delta, timeMs: number) {
  const { sequence } = delta;
  if (sequence <= view.acknowledged(clientId)) return NOTHING;
  const event = { kind: 'delta_acknowledged', clientId, sequence, timeMs } as const;
  return { events: [event], result: () => {} };
}

function revertTo(
  view: LedgerView,
  delta: Delta,
  summary: string,
  { nowMs, newId }: CurationEnvironment,
) {
  const changes = new Changes(view, nowMs);
  const live = changes.valueOf(delta.target);
  if (delta.state !== 'applied') throw stateError(delta, 'only a delta in force can be reverted');
  if (!sameValue(live, delta.newValue)) {
    throw stateError(delta, `${delta.target} is ${JSON.stringify(live)} now, set by another delta`);
  }
  const reversal = changes.propose({
    deltaId: newId(),
    ruleId: delta.ruleId,
    type: delta.type,
    operation: inverseOf(delta.operation),
    target: delta.target,
    oldValue: live,
    newValue: delta.replacedValue,
    reasoning: summary,
    ...bornApplied(nowMs),
    revertsDeltaId: delta.deltaId,
  });
  // With an operator's override goes the hold that came with it.
  changes.apply(reversal, { holdUntilMs: delta.ruleId === '' ? 0 : null });
  changes.markReverted(delta.deltaId, summary);
  return decidedOn(changes, reversal.deltaId);
}

/** What overrides and reverts have in common: nobody scored them, and they are in force at once. */
function bornApplied(nowMs: number) {
  return {
    confidence: 1,
    impact: 'neutral',
    proposeTimeMs: nowMs,
    cycleNumber: 0,
    evaluation: undefined,
    expireTimeMs: undefined,
    revertsDeltaId: '',
    summary: '',
  } satisfies Partial<Proposal>;
}

function inverseOf(operation: DeltaOperation): DeltaOperation {
  if (operation === 'add') return 'remove';
  return operation === 'remove' ? 'add' : operation;
}

function checkOverride(value: Value, current: Value, spec: ParameterSpec | undefined): void {
  const refuse = (description: string) => invalidFields([{ field: 'value', description }]);
  const violation = violationOf(spec, value);
  if (violation !== undefined) throw refuse(violation);
  const isListed = spec?.allowed !== undefined;
  if (!isListed && current !== null && kindOf(value) !== kindOf(current)) {
    throw refuse(`expected a ${kindOf(current)}, got ${JSON.stringify(value)}`);
  }
}

function decidedOn(changes: Changes, deltaId: string): Decided<Delta> {
  return { events: changes.events, result: (after) => known(after, deltaId) };
}

function known(view: LedgerView, deltaId: string): Delta {
  const delta = view.delta(deltaId);
  if (delta !== undefined) return delta;
  throw new LearningError('DELTA_NOT_FOUND', `there is no delta ${quote(deltaId)}`);
}

function waiting(view: LedgerView, deltaId: string, nowMs: number): Delta {
  const delta = known(view, deltaId);
  if (delta.state !== 'proposed') throw stateError(delta, 'only a PROPOSED one can be decided on');
  if ((delta.expireTimeMs ?? 0) <= nowMs) throw stateError(delta, 'it has expired');
  return delta;
}

function stateError(delta: Delta, text: string): LearningError {
  const state = delta.state.toUpperCase();
  return new LearningError('DELTA_STATE', `delta ${delta.deltaId} is ${state}: ${text}`);
}

function withReason(text: string, reason: string): string {
  return reason === '' ? text : `${text}: ${reason}`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
