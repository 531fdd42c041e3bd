import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { DELTA_STATES, DELTA_TYPES, type DeltaState, type DeltaType } from '../domain/delta.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import { TASK_STATUSES, type Task } from '../domain/task.ts';
import type * as proto from '../gen/learning/v1/delta_pb.ts';
import type {
  CoordinationMetrics as ProtoMetrics,
  Task as ProtoTask,
} from '../gen/learning/v1/task_pb.ts';
import { STATES, TYPES } from './to-proto.ts';

/** Converts validated messages to the domain's types. */

/**
 * @param nowMs Unix time, the finish time of a task without one
 * @param reporter the client of a task that names none; empty if not known
 */
export function fromProtoTask(task: ProtoTask, nowMs: number, reporter = ''): Task {
  const clientId = task.clientId || reporter;
  return {
    taskId: task.taskId,
    agentId: task.agentId,
    // The enum's numbers are the indexes in TASK_STATUSES.
    status: TASK_STATUSES[task.status] ?? 'unspecified',
    latencyMs: task.latencyMs,
    finishTimeMs: task.finishTime === undefined ? nowMs : toMs(task.finishTime),
    labels: task.labels,
    measurements: task.measurements,
    // No ledger's sequence reaches 2^53, so rounding does not matter.
    deltaSequence: Number(task.deltaSequence),
    ...(clientId === '' ? undefined : { clientId }),
  };
}

/** @param reporter the client of metrics that name none; empty if not known */
export function fromProtoMetrics(
  metrics: ProtoMetrics,
  nowMs: number,
  reporter = '',
): CoordinationMetrics {
  const clientId = metrics.clientId || reporter;
  return {
    subAgentCount: metrics.subAgentCount,
    cpuPercent: metrics.cpuPercent,
    values: metrics.values,
    // A client whose clock is ahead must not make every later report look old.
    observeTimeMs:
      metrics.observeTime === undefined ? nowMs : Math.min(toMs(metrics.observeTime), nowMs),
    ...(clientId === '' ? undefined : { clientId }),
  };
}

export function fromProtoTypes(types: readonly proto.DeltaType[]): DeltaType[] {
  return DELTA_TYPES.filter((type) => types.includes(TYPES[type]));
}

export function fromProtoStates(states: readonly proto.DeltaState[]): DeltaState[] {
  return DELTA_STATES.filter((state) => states.includes(STATES[state]));
}

function toMs({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}
