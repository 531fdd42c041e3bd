import { invalidFields, LearningError } from '../domain/errors.js';
import { violationOf } from '../domain/parameters.js';
import { kindOf, sameValue } from '../domain/value.js';
import { Changes } from './changes.js';
/**
 * Bytes of an override as JSON: far above any setting, and a bound on what each commit rewrites.
 */
const MAX_VALUE_BYTES = 4096;
/** Puts a waiting proposal in force; answers it. */
export function approve(deltaId, reason, { nowMs, settings }) {
    return (view) => {
        const delta = waiting(view, deltaId, nowMs);
        const violation = delta.newValue === undefined
            ? undefined
            : violationOf(specOf(settings, delta.target), delta.newValue);
        if (violation !== undefined) {
            throw stateError(delta, `its value is no longer allowed: ${violation}`);
        }
        const changes = new Changes(view, nowMs);
        changes.apply(delta, { summary: withReason('Approved by an operator', reason) });
        return decidedOn(changes, deltaId);
    };
}
/** Turns a waiting proposal down; answers it. */
export function reject(deltaId, reason, { nowMs }) {
    return (view) => {
        waiting(view, deltaId, nowMs);
        const changes = new Changes(view, nowMs);
        changes.reject(deltaId, withReason('Rejected by an operator', reason));
        return decidedOn(changes, deltaId);
    };
}
/** Restores the value before a delta; answers the delta that does so. */
export function revert(deltaId, reason, environment) {
    return (view) => {
        const delta = known(view, deltaId);
        return revertTo(view, delta, withReason('Reverted by an operator', reason), environment);
    };
}
/** An operator's override; answers the delta that it becomes. */
export function setParameter({ target, value, reason, holdSeconds }, { settings, nowMs, newId }) {
    return (view) => {
        const changes = new Changes(view, nowMs);
        const current = changes.valueOf(target);
        if (current === undefined) {
            throw new LearningError('PARAMETER_NOT_FOUND', `there is no parameter ${quote(target)}`);
        }
        checkOverride(value, current, specOf(settings, target));
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
        changes.apply(delta, { holdUntilMs: holdSeconds > 0 ? nowMs + holdSeconds * 1000 : 0 });
        return decidedOn(changes, delta.deltaId);
    };
}
/** Takes a client's acknowledgement, or its refusal, which reverts the delta. */
export function acknowledge({ clientId, epoch, deltaId, refusal }, environment) {
    return (view) => {
        if (epoch !== '' && epoch !== view.head.epoch) {
            throw new LearningError('EPOCH_CHANGED', `the ledger's epoch is ${view.head.epoch}, not ${quote(epoch)}: open the stream anew`);
        }
        const delta = known(view, deltaId);
        if (delta.sequence === 0)
            throw stateError(delta, 'only a delta in force is acknowledged');
        if (refusal === undefined)
            return acknowledged(view, clientId, delta, environment.nowMs);
        if (delta.state === 'reverted')
            return { events: [], result: () => { } };
        if (delta.revertsDeltaId !== '')
            throw stateError(delta, 'a revert cannot be refused');
        const why = [refusal.reason, refusal.message].filter((text) => text !== '').join(': ');
        const summary = withReason(`Refused by client ${quote(clientId)}`, why);
        return { ...revertTo(view, delta, summary, environment), result: () => { } };
    };
}
function acknowledged(view, clientId, delta, timeMs) {
    const { sequence } = delta;
    if (sequence <= view.acknowledged(clientId))
        return { events: [], result: () => { } };
    const event = { kind: 'delta_acknowledged', clientId, sequence, timeMs };
    return { events: [event], result: () => { } };
}
function revertTo(view, delta, summary, { nowMs, newId }) {
    const changes = new Changes(view, nowMs);
    const live = changes.valueOf(delta.target);
    if (delta.state !== 'applied')
        throw stateError(delta, 'only a delta in force can be reverted');
    if (live !== delta.newValue && !sameValue(live, delta.newValue)) {
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
    changes.apply(reversal);
    changes.markReverted(delta.deltaId, summary);
    return decidedOn(changes, reversal.deltaId);
}
/** What overrides and reverts have in common: nobody scored them, and they are in force at once. */
function bornApplied(nowMs) {
    return {
        confidence: 1,
        impact: 'neutral',
        proposeTimeMs: nowMs,
        cycleNumber: 0,
        evaluation: undefined,
        expireTimeMs: undefined,
        revertsDeltaId: '',
        summary: '',
    };
}
function inverseOf(operation) {
    if (operation === 'add')
        return 'remove';
    return operation === 'remove' ? 'add' : operation;
}
function checkOverride(value, current, spec) {
    const refuse = (description) => invalidFields([{ field: 'value', description }]);
    if (Buffer.byteLength(JSON.stringify(value)) > MAX_VALUE_BYTES) {
        throw refuse(`expected at most ${MAX_VALUE_BYTES} bytes of JSON`);
    }
    const violation = violationOf(spec, value);
    if (violation !== undefined)
        throw refuse(violation);
    const isListed = spec?.allowed !== undefined;
    if (!isListed && current !== null && kindOf(value) !== kindOf(current)) {
        throw refuse(`expected a ${kindOf(current)}, got ${JSON.stringify(value)}`);
    }
}
function decidedOn(changes, deltaId) {
    return { events: changes.events, result: (after) => known(after, deltaId) };
}
function known(view, deltaId) {
    const delta = view.delta(deltaId);
    if (delta !== undefined)
        return delta;
    throw new LearningError('DELTA_NOT_FOUND', `there is no delta ${quote(deltaId)}`);
}
function waiting(view, deltaId, nowMs) {
    const delta = known(view, deltaId);
    if (delta.state !== 'proposed')
        throw stateError(delta, 'only a PROPOSED one can be decided on');
    if ((delta.expireTimeMs ?? 0) <= nowMs)
        throw stateError(delta, 'it has expired');
    return delta;
}
function stateError(delta, text) {
    const state = delta.state.toUpperCase();
    return new LearningError('DELTA_STATE', `delta ${delta.deltaId} is ${state}: ${text}`);
}
function specOf({ parameters }, target) {
    return Object.hasOwn(parameters, target) ? parameters[target] : undefined;
}
function withReason(text, reason) {
    return reason === '' ? text : `${text}: ${reason}`;
}
function quote(text) {
    return JSON.stringify(text);
}
//# sourceMappingURL=curation.js.map