import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { LearningClient } from '../client/channel.ts';
import { causeOf } from '../client/dial.ts';
import { isServiceError, retryDelayMs } from '../client/failure.ts';
import type { RecordTasksResponse } from '../gen/learning/v1/learning_service_pb.ts';
import { readStatusDetails } from '../wire/error-details.ts';
import type { TaskBatch } from './batches.ts';
import { formatPlace } from './read.ts';

/** What has become of the tasks so far. */
export interface UploadCounts {
  /** Read from the traces. */
  read: number;
  recorded: number;
  duplicates: number;
  /** Tasks sent more than once, after breaks: those that had been recorded count as duplicates. */
  sentAgain: number;
  /** Bytes of the files that are acknowledged. */
  bytes: number;
}

export interface UploadOptions {
  readonly client: LearningClient;
  /** Milliseconds without an acknowledgement after which a broken connection is given up. */
  readonly giveUpAfterMs: number;
  readonly onProgress: (counts: Readonly<UploadCounts>) => void;
  /** A message for the user. */
  readonly onNotice: (text: string) => void;
}

/**
 * Records batches of tasks with a sidecar, one after the other, over breaks of the connection: a batch that is not
 * acknowledged is sent again, and the sidecar recognises the tasks that it has by their ids.
 */
export class TaskUpload {
  readonly counts: UploadCounts = { read: 0, recorded: 0, duplicates: 0, sentAgain: 0, bytes: 0 };
  readonly #options: UploadOptions;
  readonly #runId = randomUUID();
  #namelessTasks = 0;
  #epoch = '';

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** Resolves once all tasks are acknowledged. Rejects if the sidecar refuses a batch, or is given up. */
  async run(batches: AsyncIterable<TaskBatch>): Promise<void> {
    for await (const batch of batches) {
      this.#giveNames(batch);
      this.counts.read += batch.tasks.length;
      this.#take(await this.#record(batch), batch);
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

  /** Sends a batch until it is acknowledged. */
  async #record(batch: TaskBatch): Promise<RecordTasksResponse> {
    const { client, giveUpAfterMs, onNotice } = this.#options;
    let brokenMs: number | undefined;
    for (;;) {
      try {
        const response = await send(client, batch);
        if (brokenMs !== undefined) onNotice('connected again');
        return response;
      } catch (error) {
        if (!isServiceError(error)) throw error;
        if (error.code !== status.UNAVAILABLE) throw refused(error, batch);
        if (brokenMs === undefined) {
          brokenMs = performance.now();
          onNotice(`the connection broke (${causeOf(error)}): trying again`);
        }
        const leftMs = brokenMs + giveUpAfterMs - performance.now();
        if (leftMs <= 0) {
          const gaveUp = `gave up after ${giveUpAfterMs / 1000} s without the sidecar`;
          throw new Error(`${gaveUp}: ${causeOf(error)}`, { cause: error });
        }
        await delay(Math.min(retryDelayMs(readStatusDetails(error).retryDelayMs), leftMs));
        this.counts.sentAgain += batch.tasks.length;
      }
    }
  }

  #take({ recordedCount, duplicateCount, epoch }: RecordTasksResponse, batch: TaskBatch): void {
    const { onNotice, onProgress } = this.#options;
    this.counts.recorded += Number(recordedCount);
    this.counts.duplicates += Number(duplicateCount);
    this.counts.bytes = batch.bytesThrough;
    if (this.#epoch !== '' && epoch !== this.#epoch) {
      onNotice(`the ledger is another one since the break: epoch ${epoch}, was ${this.#epoch}`);
    }
    this.#epoch = epoch;
    onProgress(this.counts);
  }
}

/** Records a batch by a stream of its own; resolves to the last response. */
async function send(client: LearningClient, { tasks }: TaskBatch): Promise<RecordTasksResponse> {
  const stream = client.recordTasks();
  // The stream also emits its error after the iteration below has ended.
  stream.on('error', () => {});
  stream.end({ tasks });
  let last: RecordTasksResponse | undefined;
  for await (const response of stream) last = response;
  if (last === undefined) throw new Error('the sidecar ended the stream too early');
  return last;
}

function refused(error: ServiceError, { places }: TaskBatch): Error {
  const { reason, violations } = readStatusDetails(error);
  const faults = violations.map(({ field, description }) => {
    const [, index, path] = /^tasks\[(\d+)\]\.(.*)$/s.exec(field) ?? [];
    const place = places[Number(index)];
    return place === undefined
      ? `${field}: ${description}`
      : `${formatPlace(place)}: ${path}: ${description}`;
  });
  const what = faults.length > 0 ? faults.join('\n') : error.details;
  const name = reason || status[error.code];
  return new Error(`the sidecar refused a batch of tasks: ${name}\n${what}`, { cause: error });
}
