import { TASK_STATUSES, type Task } from '../domain/task.ts';
import type { LedgerEvent } from './event.ts';
import { isKnownKind } from './fold-delta.ts';

/** A task as stored: a list, since the names of fields would take half of the space. */
type TaskRow = readonly [
  taskId: string,
  agentId: string,
  status: number,
  latencyMs: number | null,
  finishTimeMs: number,
  deltaSequence: number,
  labels: Task['labels'] | 0,
  measurements: Task['measurements'] | 0,
  /** Left out by older releases. */
  recordedMs?: number | null,
  reportMs?: number,
];

const NOTHING = Object.freeze({});

/** An event as JSON text. */
export function encodeEvent(event: LedgerEvent): string {
  return event.kind === 'tasks_recorded'
    ? JSON.stringify(event.tasks.map(encodeTask))
    : JSON.stringify(event);
}

/** The event of an encoded text; throws if the text is not one. */
export function decodeEvent(kind: string, text: string): LedgerEvent {
  if (kind === 'tasks_recorded') {
    const rows = JSON.parse(text) as TaskRow[];
    return { kind, tasks: rows.map(decodeTask) };
  }
  if (!isKnownKind(kind))
    throw new Error(`an event of the kind ${kind}, which a newer release wrote`);
  const event = JSON.parse(text) as LedgerEvent;
  if (event.kind !== kind) throw new Error(`expected an event ${kind}, got ${event.kind}`);
  return event;
}

function encodeTask(task: Task): TaskRow {
  return [
    task.taskId,
    task.agentId,
    TASK_STATUSES.indexOf(task.status),
    task.latencyMs ?? null,
    task.finishTimeMs,
    task.deltaSequence,
    orZero(task.labels),
    orZero(task.measurements),
    task.recordedMs ?? null,
    ...(task.reportMs === undefined ? ([] as const) : ([task.reportMs] as const)),
  ];
}

function orZero<T extends object>(record: T): T | 0 {
  for (const _ in record) return record;
  return 0;
}

function decodeTask(row: TaskRow): Task {
  const [taskId, agentId, status, latencyMs, finishTimeMs, deltaSequence, ...rest] = row;
  const [labels, measurements, recordedMs, reportMs] = rest;
  return {
    taskId,
    agentId,
    status: TASK_STATUSES[status] ?? 'unspecified',
    latencyMs: latencyMs ?? undefined,
    finishTimeMs,
    labels: labels === 0 ? NOTHING : labels,
    measurements: measurements === 0 ? NOTHING : measurements,
    deltaSequence,
    ...(typeof recordedMs === 'number' ? { recordedMs } : {}),
    ...(reportMs === undefined ? {} : { reportMs }),
  };
}
