import { TASK_STATUSES } from '../domain/task.js';
const NOTHING = Object.freeze({});
/** An event as JSON text. */
export function encodeEvent(event) {
    return event.kind === 'tasks_recorded'
        ? JSON.stringify(event.tasks.map(encodeTask))
        : JSON.stringify(event);
}
/** The event of an encoded text; throws where the text is none. */
export function decodeEvent(kind, text) {
    if (kind === 'tasks_recorded') {
        const rows = JSON.parse(text);
        return { kind, tasks: rows.map(decodeTask) };
    }
    const event = JSON.parse(text);
    if (event.kind !== kind)
        throw new Error(`expected an event ${kind}, got ${event.kind}`);
    return event;
}
function encodeTask(task) {
    return [
        task.taskId,
        task.agentId,
        TASK_STATUSES.indexOf(task.status),
        task.latencyMs,
        task.finishTimeMs,
        task.deltaSequence,
        orZero(task.labels),
        orZero(task.measurements),
    ];
}
function orZero(record) {
    for (const _ in record)
        return record;
    return 0;
}
function decodeTask(row) {
    const [taskId, agentId, status, latencyMs, finishTimeMs, deltaSequence, labels, measurements] = row;
    return {
        taskId,
        agentId,
        status: TASK_STATUSES[status] ?? 'unspecified',
        latencyMs,
        finishTimeMs,
        labels: labels === 0 ? NOTHING : labels,
        measurements: measurements === 0 ? NOTHING : measurements,
        deltaSequence,
    };
}
//# sourceMappingURL=codec.js.map