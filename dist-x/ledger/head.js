import { DELTA_TYPES } from '../domain/delta.js';
export function emptyHead(epoch) {
    return {
        epoch,
        position: 0,
        storedEvents: 0,
        counters: {
            tasksRecorded: 0,
            deltasProposed: 0,
            deltasApplied: 0,
            recommended: 0,
            cycles: 0,
            byType: Object.fromEntries(DELTA_TYPES.map((type) => [type, 0])),
        },
        sequence: 0,
        ordinal: 0,
        compactedThrough: 0,
        parameters: {},
        metrics: null,
        targets: {},
        lastCycleTimeMs: null,
    };
}
/** A copy that can be folded on without touching the original. Its values are shared. */
export function copyHead(head) {
    return {
        ...head,
        counters: { ...head.counters, byType: { ...head.counters.byType } },
        parameters: { ...head.parameters },
        targets: { ...head.targets },
    };
}
/**
 * Folds one event into the head, in place.
 *
 * @param delta the delta that a `delta_…` event names, as it stands before the event
 */
export function foldHead(head, event, delta) {
    switch (event.kind) {
        case 'parameters_declared':
            Object.assign(head.parameters, event.parameters);
            break;
        case 'tasks_recorded':
            head.counters.tasksRecorded += event.tasks.length;
            break;
        case 'metrics_reported':
            head.metrics = { report: event.metrics, reportTimeMs: event.timeMs };
            break;
        case 'delta_proposed':
            foldProposal(head, event);
            break;
        case 'delta_applied':
            if (delta !== undefined)
                foldApplication(head, event, delta);
            break;
        case 'delta_rejected':
            if (delta !== undefined)
                touch(head, delta.target, event.timeMs, 0);
            break;
        case 'cycle_completed':
            head.counters.cycles = event.cycle.number;
            head.lastCycleTimeMs = event.cycle.startTimeMs;
            break;
        case 'delta_expired':
        case 'delta_reverted':
        case 'delta_acknowledged':
            break;
    }
}
function foldProposal(head, event) {
    const { proposal } = event;
    head.ordinal = event.ordinal;
    if (proposal.cycleNumber === 0)
        return;
    head.counters.deltasProposed += 1;
    if (proposal.evaluation?.recommended)
        head.counters.recommended += 1;
    if (proposal.type !== undefined)
        head.counters.byType[proposal.type] += 1;
}
function foldApplication(head, event, delta) {
    head.sequence = event.sequence;
    if (delta.cycleNumber > 0)
        head.counters.deltasApplied += 1;
    if (delta.newValue === undefined)
        delete head.parameters[delta.target];
    else
        head.parameters[delta.target] = delta.newValue;
    touch(head, delta.target, event.timeMs, event.holdUntilMs);
}
function touch(head, target, timeMs, holdUntilMs) {
    const former = head.targets[target]?.holdUntilMs ?? 0;
    head.targets[target] = { touchedMs: timeMs, holdUntilMs: Math.max(former, holdUntilMs) };
}
//# sourceMappingURL=head.js.map