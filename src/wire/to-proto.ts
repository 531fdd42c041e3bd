import { create } from '@bufbuild/protobuf';
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt';
import type { CycleRecord } from '../domain/cycle.ts';
import { type Delta, type DeltaEvaluation, isLive } from '../domain/delta.ts';
import type { Beside, DeltaEffect, MetricEffect } from '../domain/effect.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import { type Cycle, CycleSchema } from '../gen/learning/v1/cycle_pb.ts';
import * as proto from '../gen/learning/v1/delta_pb.ts';
import {
  CoordinationMetricsSchema,
  type CoordinationMetrics as ProtoMetrics,
} from '../gen/learning/v1/task_pb.ts';
import { toProtoValue } from './value.ts';

/** Converts the domain's types to messages. */

type LowerCased<E> = { readonly [K in keyof E & string as Lowercase<K>]: E[K] };

/** The numbers of an enum by the domain's names, which are the proto's in lower case. */
function lowerCased<E extends object>(numbers: E): LowerCased<E> {
  const entries = Object.entries(numbers).map(([name, number]) => [name.toLowerCase(), number]);
  // fromEntries cannot express which keys there are.
  return Object.fromEntries(entries) as LowerCased<E>;
}

export const TYPES = lowerCased(proto.DeltaType);
const OPERATIONS = lowerCased(proto.DeltaOperation);
const IMPACTS = lowerCased(proto.DeltaImpact);
const RISKS = lowerCased(proto.RiskLevel);
export const STATES = lowerCased(proto.DeltaState);
export const VERDICTS = lowerCased(proto.Verdict);
const STATISTICS = lowerCased(proto.Statistic);

/** Maximum refusals in a message. A delta keeps up to 4,096 refusals of 1.5 KB, more than a message may hold. */
const MAX_TOLD_REFUSALS = 100;

/** A delta for streams, which show any live delta as applied, proven or not. */
export function toStreamedDelta(delta: Delta): proto.Delta {
  return toProtoDelta(isLive(delta) ? { ...delta, state: 'applied' } : delta);
}

/**
 * @param effect the delta's effect as known now
 * @param offsetMs Unix time minus loop time
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
    type: TYPES[delta.type ?? 'unspecified'],
    operation: OPERATIONS[delta.operation],
    target: delta.target,
    ...(delta.cohort === undefined ? {} : { cohort: delta.cohort }),
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

/** The maximum of a uint32. */
const MAX_COUNT = 0xffff_ffff;

/** Rounds the number of sub-agents, which may be a mean: the message holds an integer. */
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
  { verdict, metrics = [], tasksUsed = 0, gains = [], beside = [] }: Partial<DeltaEffect> = {},
  summary: string,
): proto.DeltaEffect {
  return create(proto.DeltaEffectSchema, {
    verdict: VERDICTS[verdict ?? 'unspecified'],
    metrics: metrics.map(toProtoMetricEffect),
    tasksUsed: BigInt(tasksUsed),
    summary,
    gains: gains.map((gain) => ({ ...gain, groups: BigInt(gain.groups) })),
    beside: beside.map(toProtoBeside),
  });
}

function toProtoBeside({ deltaId, target, combinations, interaction }: Beside) {
  return {
    ...{ deltaId, target },
    combinations: combinations.map(({ arm, other, tasks, ...means }) => ({
      ...{
        newValue: arm === 'new',
        otherNewValue: other === 'new',
        tasks: BigInt(tasks),
        ...means,
      },
    })),
    ...(interaction === undefined
      ? {}
      : {
          interaction: interaction.estimate,
          interactionLower: interaction.lower,
          interactionUpper: interaction.upper,
        }),
  };
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

/** Converts a value unless it is missing. */
export function optional<T, R>(
  value: T | null | undefined,
  convert: (value: T) => R,
): R | undefined {
  return value === null || value === undefined ? undefined : convert(value);
}
