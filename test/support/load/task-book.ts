import type { MessageInitShape } from '@bufbuild/protobuf';
import { type TaskSchema, TaskStatus } from '../../../src/gen/learning/v1/task_pb.ts';

export type TaskFields = MessageInitShape<typeof TaskSchema>;

/** Which tasks were sent, and which of them the sidecar has vouched for. */
export class TaskBook {
  readonly sent = new Set<string>();
  readonly acknowledged = new Set<string>();
  #count = 0;

  /** `count` tasks to send: those without an answer first, then new ones. */
  take(count: number): TaskFields[] {
    const ids = this.#lost.splice(0, count);
    while (ids.length < count) ids.push(this.#newId());
    return ids.map(taskOfId);
  }

  acknowledge(tasks: readonly TaskFields[]): void {
    for (const { taskId = '' } of tasks) this.acknowledged.add(taskId);
  }

  /** No answer came: they may be recorded or not, and are sent again. */
  lose(tasks: readonly TaskFields[]): void {
    for (const { taskId = '' } of tasks) this.#lost.push(taskId);
  }

  /** Tasks without an answer. */
  get unanswered(): readonly string[] {
    return this.#lost;
  }

  readonly #lost: string[] = [];

  #newId(): string {
    this.#count += 1;
    const id = `task-${this.#count}`;
    this.sent.add(id);
    return id;
  }
}

/** All of a task follows from its id: what comes back can be checked. */
export function taskOfId(taskId: string): TaskFields {
  const number = Number(/\d+$/.exec(taskId)?.[0] ?? 0);
  return {
    taskId,
    agentId: `agent-${number % 7}`,
    status: number % 3 === 0 ? TaskStatus.SUCCESS : TaskStatus.FAILURE,
    latencyMs: 100 + (number % 1000),
    labels: { kind: `kind-${number % 5}` },
    measurements: { cost: number / 4 },
  };
}
