import { create } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import type { CycleRecord } from '../domain/cycle.ts';
import { type Delta, type DeltaEvaluation, isLive } from '../domain/delta.ts';
import type { DeltaEffect, MetricEffect } from '../domain/effect.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import { type Cycle, CycleSchema } from '../gen/learning/v1/cycle_pb.ts';
import * as proto from '../gen/learning/v1/delta_pb.ts';
import {
  CoordinationMetricsSchema,
  type CoordinationMetrics as ProtoMetrics,
} from '../gen/learning/v1/task_pb.ts';
import { toProtoValue } from './value.ts';

/** From the domain's types to messages. */

export const TYPES = {
  coordination: proto.DeltaType.COORDINATION,
  strategy: proto.DeltaType.STRATEGY,
  resource: proto.DeltaType.RESOURCE,
  metric: proto.DeltaType.METRIC,
} as const;

const OPERATIONS = {
  modify: proto.DeltaOperation.MODIFY,
  add: proto.DeltaOperation.ADD,
  remove: proto.DeltaOperation.REMOVE,
  adjust: proto.DeltaOperation.ADJUST,
} as const;

const IMPACTS = {
  positive: proto.DeltaImpact.POSITIVE,
  negative: proto.DeltaImpact.NEGATIVE,
  neutral: proto.DeltaImpact.NEUTRAL,
} as const;

const RISKS = {
  low: proto.RiskLevel.LOW,
  medium: proto.RiskLevel.MEDIUM,
  high: proto.RiskLevel.HIGH,
} as const;

export const STATES = {
  proposed: proto.DeltaState.PROPOSED,
  rejected: proto.DeltaState.REJECTED,
  trial: proto.DeltaState.TRIAL,
  applied: proto.DeltaState.APPLIED,
  reverted: proto.DeltaState.REVERTED,
  expired: proto.DeltaState.EXPIRED,
  provisional: proto.DeltaState.PROVISIONAL,
  confirmed: proto.DeltaState.CONFIRMED,
} as const;

export const VERDICTS = {
  helped: proto.Verdict.HELPED,
  harmed: proto.Verdict.HARMED,
  inconclusive: proto.Verdict.INCONCLUSIVE,
  invalid: proto.Verdict.INVALID,
  observed: proto.Verdict.OBSERVED,
} as const;

const STATISTICS = {
  median: proto.Statistic.MEDIAN,
  total: proto.Statistic.TOTAL,
  share: proto.Statistic.SHARE,
  mean: proto.Statistic.MEAN,
} as const;

/** Refusals told of one delta: 4,096 are kept, of 1.5 KB each, more than a message may hold. */
const MAX_TOLD_REFUSALS = 100;

/** A delta as streams tell it: whether what it put in force is proven is not told there. */
export function toStreamedDelta(delta: Delta): proto.Delta {
  return toProtoDelta(isLive(delta) ? { ...delta, state: 'applied' } : delta);
}

/**
 * @param effect what is known of its effect now
 * @param offsetMs Unix time less the loop's
 */
export function toProtoDelta(
  delta: Delta,
  effect: Partial<DeltaEffect> | undefined = delta.effect,
  offsetMs = 0,
): proto.Delta {
  return create(proto.DeltaSchema, {
    deltaId: delta.deltaId,
    sequence: BigInt(delta.sequence),
    ruleId: delta.ruleId,
    type: delta.type === undefined ? proto.DeltaType.UNSPECIFIED : TYPES[delta.type],
    operation: OPERATIONS[delta.operation],
    target: delta.target,
    oldValue: optional(delta.oldValue, toProtoValue),
    newValue: optional(delta.newValue, toProtoValue),
    reasoning: delta.reasoning,
    confidence: delta.confidence,
    impact: IMPACTS[delta.impact],
    state: STATES[delta.state],
    proposeTime: toTimestamp(delta.proposeTimeMs),
    applyTime: optional(delta.applyTimeMs, toTimestamp),
    expireTime: optional(delta.expireTimeMs, (ms) => toTimestamp(ms + offsetMs)),
    cycleNumber: BigInt(delta.cycleNumber),
    evaluation: optional(delta.evaluation, toProtoEvaluation),
    ...(effect === undefined && delta.summary === ''
      ? {}
      : { effect: toProtoEffect(effect, delta.summary) }),
    revertsDeltaId: delta.revertsDeltaId,
    trialDeltaId: delta.trialDeltaId,
    refusalCount: delta.refusals?.length ?? 0,
    refusals: (delta.refusals ?? [])
      .slice(-MAX_TOLD_REFUSALS)
      .map(({ clientId, reason, message, timeMs }) => ({
        ...{ clientId, reason, message, refuseTime: toTimestamp(timeMs + offsetMs) },
      })),
  });
}

export function toProtoCycle(cycle: CycleRecord, deltas: proto.Delta[] = []): Cycle {
  return create(CycleSchema, {
    cycleId: cycle.cycleId,
    number: BigInt(cycle.number),
    startTime: toTimestamp(cycle.startTimeMs),
    duration: secondsAndNanos(cycle.durationMs),
    tasksAnalyzed: BigInt(cycle.tasksAnalyzed),
    deltasProposed: BigInt(cycle.deltasProposed),
    deltasApplied: BigInt(cycle.deltasApplied),
    totalDeltasHistory: BigInt(cycle.totalDeltasHistory),
    totalEvaluations: BigInt(cycle.totalDeltasHistory),
    deltas,
  });
}

/** The greatest number of a uint32. */
const MAX_COUNT = 0xffff_ffff;

/** A count that is a mean is rounded, as the wire knows whole ones only. */
export function toProtoMetrics(metrics: CoordinationMetrics): ProtoMetrics {
  return create(CoordinationMetricsSchema, {
    subAgentCount: Math.min(Math.round(metrics.subAgentCount), MAX_COUNT),
    cpuPercent: metrics.cpuPercent,
    values: { ...metrics.values },
    observeTime: toTimestamp(metrics.observeTimeMs),
  });
}

/** @param ms Unix time in milliseconds; fractions are kept to the microsecond */
export function toTimestamp(ms: number): Timestamp {
  return create(TimestampSchema, secondsAndNanos(ms));
}

function secondsAndNanos(ms: number): { seconds: bigint; nanos: number } {
  const micros = Math.round(ms * 1000);
  const seconds = Math.floor(micros / 1e6);
  return { seconds: BigInt(seconds), nanos: (micros - seconds * 1e6) * 1000 };
}

function toProtoEvaluation(evaluation: DeltaEvaluation): proto.DeltaEvaluation {
  return create(proto.DeltaEvaluationSchema, {
    ...evaluation,
    riskLevel: RISKS[evaluation.riskLevel],
  });
}

function toProtoEffect(
  { verdict, metrics = [], tasksUsed = 0, gains = [] }: Partial<DeltaEffect> = {},
  summary: string,
): proto.DeltaEffect {
  return create(proto.DeltaEffectSchema, {
    verdict: verdict === undefined ? proto.Verdict.UNSPECIFIED : VERDICTS[verdict],
    metrics: metrics.map(toProtoMetricEffect),
    tasksUsed: BigInt(tasksUsed),
    summary,
    gains: gains.map((gain) => ({ ...gain, groups: BigInt(gain.groups) })),
  });
}

function toProtoMetricEffect({ margin, ...effect }: MetricEffect) {
  return {
    ...effect,
    statistic: STATISTICS[effect.statistic],
    tasksOld: BigInt(effect.tasksOld),
    tasksNew: BigInt(effect.tasksNew),
    ...(margin === undefined ? {} : { margin }),
  };
}

/** A field that is there only where there is something to put into it. */
export function optional<T, R>(
  value: T | null | undefined,
  convert: (value: T) => R,
): R | undefined {
  return value === null || value === undefined ? undefined : convert(value);
}
