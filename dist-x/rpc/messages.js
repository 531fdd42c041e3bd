import { create } from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';
import { CycleSchema } from '../gen/learning/v1/cycle_pb.js';
import * as proto from '../gen/learning/v1/delta_pb.js';
import { CoordinationMetricsSchema, } from '../gen/learning/v1/task_pb.js';
import { toProtoValue } from './value.js';
/** From the domain's types to messages. */
const TYPES = {
    coordination: proto.DeltaType.COORDINATION,
    strategy: proto.DeltaType.STRATEGY,
    resource: proto.DeltaType.RESOURCE,
    metric: proto.DeltaType.METRIC,
};
const OPERATIONS = {
    modify: proto.DeltaOperation.MODIFY,
    add: proto.DeltaOperation.ADD,
    remove: proto.DeltaOperation.REMOVE,
    adjust: proto.DeltaOperation.ADJUST,
};
const IMPACTS = {
    positive: proto.DeltaImpact.POSITIVE,
    negative: proto.DeltaImpact.NEGATIVE,
    neutral: proto.DeltaImpact.NEUTRAL,
};
const RISKS = {
    low: proto.RiskLevel.LOW,
    medium: proto.RiskLevel.MEDIUM,
    high: proto.RiskLevel.HIGH,
};
const STATES = {
    proposed: proto.DeltaState.PROPOSED,
    rejected: proto.DeltaState.REJECTED,
    applied: proto.DeltaState.APPLIED,
    reverted: proto.DeltaState.REVERTED,
    expired: proto.DeltaState.EXPIRED,
};
export function toProtoDelta(delta) {
    return create(proto.DeltaSchema, {
        deltaId: delta.deltaId,
        sequence: BigInt(delta.sequence),
        ruleId: delta.ruleId,
        type: delta.type === undefined ? proto.DeltaType.UNSPECIFIED : TYPES[delta.type],
        operation: OPERATIONS[delta.operation],
        target: delta.target,
        ...present('oldValue', delta.oldValue, toProtoValue),
        ...present('newValue', delta.newValue, toProtoValue),
        reasoning: delta.reasoning,
        confidence: delta.confidence,
        impact: IMPACTS[delta.impact],
        state: STATES[delta.state],
        proposeTime: toTimestamp(delta.proposeTimeMs),
        ...present('applyTime', delta.applyTimeMs, toTimestamp),
        ...present('expireTime', delta.expireTimeMs, toTimestamp),
        cycleNumber: BigInt(delta.cycleNumber),
        ...present('evaluation', delta.evaluation, toProtoEvaluation),
        ...(delta.summary === '' ? {} : { effect: { summary: delta.summary } }),
        revertsDeltaId: delta.revertsDeltaId,
    });
}
export function toProtoCycle(cycle, deltas) {
    return create(CycleSchema, {
        cycleId: cycle.cycleId,
        number: BigInt(cycle.number),
        startTime: toTimestamp(cycle.startTimeMs),
        duration: toDuration(cycle.durationMs),
        tasksAnalyzed: BigInt(cycle.tasksAnalyzed),
        deltasProposed: BigInt(cycle.deltasProposed),
        deltasApplied: BigInt(cycle.deltasApplied),
        totalDeltasHistory: BigInt(cycle.totalDeltasHistory),
        totalEvaluations: BigInt(cycle.totalEvaluations),
        deltas: deltas.map(toProtoDelta),
    });
}
export function toProtoMetrics(metrics) {
    return create(CoordinationMetricsSchema, {
        subAgentCount: metrics.subAgentCount,
        cpuPercent: metrics.cpuPercent,
        values: { ...metrics.values },
        observeTime: toTimestamp(metrics.observeTimeMs),
    });
}
/** @param ms Unix time in milliseconds; fractions are kept to the microsecond */
export function toTimestamp(ms) {
    return create(TimestampSchema, secondsAndNanos(ms));
}
function toDuration(ms) {
    return secondsAndNanos(ms);
}
function secondsAndNanos(ms) {
    const micros = Math.round(ms * 1000);
    const seconds = Math.floor(micros / 1e6);
    return { seconds: BigInt(seconds), nanos: (micros - seconds * 1e6) * 1000 };
}
function toProtoEvaluation(evaluation) {
    return create(proto.DeltaEvaluationSchema, {
        ...evaluation,
        riskLevel: RISKS[evaluation.riskLevel],
    });
}
/** A field that is there only where there is something to put into it. */
function present(key, value, convert) {
    // A computed key widens to string; it is K.
    return value === undefined ? {} : { [key]: convert(value) };
}
//# sourceMappingURL=messages.js.map