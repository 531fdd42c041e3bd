import { TASK_STATUSES } from '../domain/task.js';
import * as proto from '../gen/learning/v1/delta_pb.js';
/** From checked messages to the domain's types. */
export function fromProtoTask(task, nowMs) {
    return {
        taskId: task.taskId,
        agentId: task.agentId,
        // The enum's numbers are the places in TASK_STATUSES.
        status: TASK_STATUSES[task.status] ?? 'unspecified',
        latencyMs: task.latencyMs,
        finishTimeMs: task.finishTime === undefined ? nowMs : toMs(task.finishTime),
        labels: task.labels,
        measurements: task.measurements,
        // Beyond 2^53 no ledger will ever be; such a number means nothing here, however it is rounded.
        deltaSequence: Number(task.deltaSequence),
    };
}
export function fromProtoMetrics(metrics, nowMs) {
    return {
        subAgentCount: metrics.subAgentCount,
        cpuPercent: metrics.cpuPercent,
        values: metrics.values,
        // A client whose clock is ahead must not make every later report look old.
        observeTimeMs: metrics.observeTime === undefined ? nowMs : Math.min(toMs(metrics.observeTime), nowMs),
    };
}
const TYPE_OF = {
    [proto.DeltaType.COORDINATION]: 'coordination',
    [proto.DeltaType.STRATEGY]: 'strategy',
    [proto.DeltaType.RESOURCE]: 'resource',
    [proto.DeltaType.METRIC]: 'metric',
};
export function fromProtoTypes(types) {
    return types.flatMap((type) => TYPE_OF[type] ?? []);
}
/** TRIAL has no counterpart yet: nothing is in that state. */
const STATE_OF = {
    [proto.DeltaState.PROPOSED]: 'proposed',
    [proto.DeltaState.REJECTED]: 'rejected',
    [proto.DeltaState.APPLIED]: 'applied',
    [proto.DeltaState.REVERTED]: 'reverted',
    [proto.DeltaState.EXPIRED]: 'expired',
};
export function fromProtoStates(states) {
    return states.flatMap((state) => STATE_OF[state] ?? []);
}
function toMs({ seconds, nanos }) {
    return Number(seconds) * 1000 + nanos / 1e6;
}
//# sourceMappingURL=requests.js.map