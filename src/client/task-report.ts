import { randomUUID } from 'node:crypto';
import { clone, create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { type Task, TaskSchema } from '../gen/learning/v1/task_pb.ts';

/** A finished task. */
export type TaskReport = MessageInitShape<typeof TaskSchema>;

/**
 * A task as it is sent, of its own: it may be sent later, and more than once. Throws where it cannot
 * be encoded, which within a call would look like a connection that breaks.
 */
export function createTask(report: TaskReport, clientId: string, nowMs: number): Task {
  const task = clone(TaskSchema, create(TaskSchema, report));
  task.finishTime ??= timestampFromMs(nowMs);
  task.taskId ||= randomUUID();
  task.clientId ||= clientId;
  toBinary(TaskSchema, task);
  return task;
}
