import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { LearningClient } from '../client/channel.ts';
import { causeOf } from '../client/dial.ts';
import { failureOf, isServiceError, retryDelayMs } from '../client/failure.ts';
import type { RecordTasksResponse } from '../gen/learning/v1/learning_service_pb.ts';
import type { Task } from '../gen/learning/v1/task_pb.ts';
import type { TaskBatch } from './batches.ts';
import { formatPlace } from './read.ts';

/** What has become of the tasks so far. */
export interface UploadCounts {
  /** Read from the traces. */
  read: number;
  recorded: number;
  /** Recorded before, perhaps by an attempt whose answer was lost. */
  duplicates: number;
  /** Tasks sent more than once, after breaks. */
  sentAgain: number;
  /** Bytes of the files whose tasks are acknowledged. */
  bytes: number;
}

export interface UploadOptions {
  readonly client: LearningClient;
  /** Milliseconds without an acknowledgement after which a broken connection is given up. */
  readonly giveUpAfterMs: number;
  readonly onProgress: (counts: Readonly<UploadCounts>) => void;
  /** Called with a message for the user. */
  readonly onNotice: (text: string) => void;
}

/**
 * Records batches of tasks with a sidecar, over breaks of the connection: a batch that is not acknowledged is sent
 * again, and the sidecar recognises recorded tasks by their ids.
 */
export class TaskUpload {
  readonly counts: UploadCounts = { read: 0, recorded: 0, duplicates: 0, sentAgain: 0, bytes: 0 };
  readonly #options: UploadOptions;
  readonly #runId = randomUUID();
  #namelessTasks = 0;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Resolves once all tasks are acknowledged. Rejects if the sidecar refuses a batch, or is given up. */
  async run(batches: AsyncIterable<TaskBatch>): Promise<void> {
    for await (const batch of batches) {
      this.#giveNames(batch);
      this.counts.read += batch.tasks.length;
      const { recordedCount, duplicateCount } = await this.#persist(batch);
      this.counts.recorded += Number(recordedCount);
      this.counts.duplicates += Number(duplicateCount);
      this.counts.bytes = batch.bytesThrough;
      this.#options.onProgress(this.counts);
    }
  }

  /** Gives ids to tasks without one: they would be recorded twice if they were sent again. */
  #giveNames({ tasks }: TaskBatch): void {
    for (const task of tasks) {
      if (task.taskId !== '') continue;
      this.#namelessTasks += 1;
      task.taskId = `replay-${this.#runId}-${this.#namelessTasks}`;
    }
  }

  async #persist(batch: TaskBatch): Promise<RecordTasksResponse> {
    const { client, giveUpAfterMs, onNotice } = this.#options;
    const endMs = performance.now() + giveUpAfterMs;
    for (let isBroken = false; ; isBroken = true) {
      try {
        const response = await recordBatch(client, batch.tasks);
        if (isBroken) onNotice('connected again');
        return response;
      } catch (error) {
        if (!isServiceError(error)) throw error;
        if (error.code !== status.UNAVAILABLE) throw refusalOf(error, batch);
        const leftMs = endMs - performance.now();
        if (leftMs <= 0) throw new Error(givenUp(giveUpAfterMs, error), { cause: error });
        if (!isBroken) onNotice(`the connection broke (${causeOf(error)}): trying again`);
        this.counts.sentAgain += batch.tasks.length;
        await delay(Math.min(retryDelayMs(failureOf(error).retryDelayMs), leftMs));
      }
    }
  }
}

/** Records a batch by a stream of one message; the last response counts all tasks of the batch. */
async function recordBatch(client: LearningClient, tasks: Task[]): Promise<RecordTasksResponse> {
  const call = client.recordTasks();
  // The stream also emits its error after the iteration below has ended.
  call.on('error', () => {});
  let response: RecordTasksResponse | undefined;
  call.end({ tasks });
  for await (const newest of call) response = newest;
  if (response === undefined) throw new Error('the sidecar ended the stream without an answer');
  return response;
}

function givenUp(giveUpAfterMs: number, error: ServiceError): string {
  return `gave up after ${giveUpAfterMs / 1000} s without the sidecar: ${causeOf(error)}`;
}

function refusalOf(error: ServiceError, { places }: TaskBatch): Error {
  const { code, reason, message, violations } = failureOf(error);
  const faults = violations.map(({ field, description }) => {
    const [, index, path] = /^tasks\[(\d+)\]\.(.*)$/s.exec(field) ?? [];
    const place = places[Number(index)];
    return place === undefined
      ? `${field}: ${description}`
      : `${formatPlace(place)}: ${path}: ${description}`;
  });
  const what = faults.length > 0 ? faults.join('\n') : message;
  return new Error(`the sidecar refused a batch of tasks: ${reason || code}\n${what}`, {
    cause: error,
  });
}
