import { randomUUID } from 'node:crypto';
import { clone, create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import { type Task, TaskSchema } from '../gen/learning/v1/task_pb.ts';

/** A finished task. */
export type TaskReport = MessageInitShape<typeof TaskSchema>;

/**
 * Copies a report, since it may be sent later and more than once, and adds an id and the finish time if they are
 * missing. Throws if the task cannot be encoded: within a call, that would look like a broken connection.
 */
export function createTask(report: TaskReport): Task {
  const task = clone(TaskSchema, create(TaskSchema, report));
  task.finishTime ??= timestampNow();
  task.taskId ||= randomUUID();
  toBinary(TaskSchema, task);
  return task;
}
