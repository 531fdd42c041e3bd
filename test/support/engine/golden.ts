import { readdirSync, readFileSync } from 'node:fs';
import { type DescEnum, fromJson, type JsonValue, toJson } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import { expect } from 'vitest';
import type { Cycle } from '../../../src/gen/learning/v1/cycle_pb.ts';
import * as proto from '../../../src/gen/learning/v1/delta_pb.ts';
import type {
  GetDeltaStatusResponse,
  GetStatusResponse,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import {
  type CoordinationMetrics,
  CoordinationMetricsSchema,
  type Task,
  TaskSchema,
} from '../../../src/gen/learning/v1/task_pb.ts';

/** A delta in the original's key names. */
interface GoldenDelta extends Record<string, unknown> {
  readonly score: number;
}

interface GoldenStatus extends Record<string, unknown> {
  readonly active: boolean;
}

/** A trace and what the original loop made of it; see test/golden/README.md. */
export interface GoldenVector {
  readonly name: string;
  readonly about: string;
  readonly config: Record<string, unknown>;
  readonly steps: readonly { task?: JsonValue; metrics?: JsonValue }[];
  readonly expected: {
    readonly cycles: readonly { applied: number; deltas: readonly GoldenDelta[] }[];
    readonly status: GoldenStatus;
    readonly delta_status: Record<string, unknown>;
  };
}

/** The loop under test. */
export interface LoopPort {
  record(task: Task): Promise<unknown>;
  report(metrics: CoordinationMetrics): Promise<unknown>;
  runCycle(): Promise<Cycle | undefined>;
  status(): Promise<GetStatusResponse>;
  deltaStatus(): Promise<GetDeltaStatusResponse>;
}

const FOLDER = new URL('../../golden/', import.meta.url);

export function goldenVectors(): GoldenVector[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')));
}

/** Plays a vector's steps and compares all that the original answered; answers how much that was. */
export async function playVector(
  { steps, expected }: GoldenVector,
  loop: LoopPort,
): Promise<{ cycles: number; deltas: number }> {
  let cycles = 0;
  let deltas = 0;
  for (const { task, metrics } of steps) {
    if (task !== undefined) await loop.record(fromJson(TaskSchema, task));
    else if (metrics !== undefined) await loop.report(fromJson(CoordinationMetricsSchema, metrics));
    else {
      const cycle = await loop.runCycle();
      const golden = expected.cycles[cycles];
      expect(cycle?.deltas.map(describe), `cycle ${cycles + 1}`).toEqual(
        golden?.deltas.map((delta) => ({ ...delta, score: closeTo(delta.score) })),
      );
      expect(Number(cycle?.deltasApplied)).toBe(golden?.applied);
      cycles += 1;
      deltas += golden?.deltas.length ?? 0;
    }
  }
  expect(cycles).toBe(expected.cycles.length);
  expect(describeStatus(await loop.status(), expected.status.active)).toEqual(expected.status);
  expect(describeDeltaStatus(await loop.deltaStatus())).toEqual(expected.delta_status);
  return { cycles, deltas };
}

/** Within 1e-9. */
function closeTo(score: number): unknown {
  return expect.closeTo(score, 9);
}

function describe(delta: proto.Delta): Record<string, unknown> {
  const { evaluation } = delta;
  return {
    type: nameOf(proto.DeltaTypeSchema, delta.type),
    operation: nameOf(proto.DeltaOperationSchema, delta.operation),
    target: delta.target,
    oldValue: delta.oldValue && toJson(ValueSchema, delta.oldValue),
    newValue: delta.newValue && toJson(ValueSchema, delta.newValue),
    reasoning: delta.reasoning,
    confidence: delta.confidence,
    impact: nameOf(proto.DeltaImpactSchema, delta.impact),
    applied: delta.state === proto.DeltaState.APPLIED,
    score: evaluation?.overallScore,
    recommended: evaluation?.recommended,
    riskLevel: nameOf(proto.RiskLevelSchema, evaluation?.riskLevel),
    evaluation: evaluation?.reasoning,
    estimatedBenefit: evaluation?.estimatedBenefit,
  };
}

/** As in `LOW`, in lower case. */
function nameOf(schema: DescEnum, value = 0): string | undefined {
  return schema.value[value]?.localName.toLowerCase();
}

function describeStatus(status: GetStatusResponse, active: boolean): Record<string, unknown> {
  return {
    active,
    cycle_interval_seconds: status.cycleIntervalSeconds,
    total_tasks_recorded: Number(status.tasksInHistory),
    total_deltas_proposed: Number(status.totalDeltasProposed),
    total_deltas_applied: Number(status.totalDeltasApplied),
    total_evaluations: Number(status.totalEvaluations),
    total_cycles: Number(status.totalCycles),
    recommended_deltas: Number(status.recommendedDeltas),
    config_version: status.configVersion,
  };
}

function describeDeltaStatus(status: GetDeltaStatusResponse): Record<string, unknown> {
  const byType = Object.entries(status.byType).map(([type, count]) => [type, Number(count)]);
  return {
    total_proposed: Number(status.totalProposed),
    total_applied: Number(status.totalApplied),
    pending_or_rejected: Number(status.pendingOrRejected),
    by_type: Object.fromEntries(byType),
  };
}
