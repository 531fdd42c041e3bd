import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { LearningClient } from '../client/channel.ts';
import { causeOf } from '../client/dial.ts';
import { isServiceError, retryDelayMs } from '../client/failure.ts';
import { readStatusDetails } from '../wire/error-details.ts';
import type { TaskBatch } from './batches.ts';
import { formatPlace } from './read.ts';
import { type Acknowledged, RecordSession } from './record-session.ts';

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
 * Records batches of tasks with a sidecar, over breaks of the connection: tasks that are not acknowledged
 * are sent again, and the sidecar recognises those it has by their ids.
 */
export class TaskUpload {
  readonly counts: UploadCounts = { read: 0, recorded: 0, duplicates: 0, sentAgain: 0, bytes: 0 };
  readonly #options: UploadOptions;
  readonly #queue: TaskBatch[] = [];
  readonly #runId = randomUUID();
  #namelessTasks = 0;
  #session: RecordSession;
  #epoch = '';
  #lastWordMs = performance.now();
  #isBroken = false;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#session = this.#open();
  }

  /** Resolves once all tasks are acknowledged. Rejects if the sidecar refuses a batch, or is given up. */
  async run(batches: AsyncIterable<TaskBatch>): Promise<void> {
    try {
      for await (const batch of batches) {
        this.#giveNames(batch);
        this.#queue.push(batch);
        this.counts.read += batch.tasks.length;
        await this.#persist(() => this.#session.send());
      }
      await this.#persist(() => this.#finish());
    } finally {
      this.#session.cancel();
    }
  }

  async #finish(): Promise<void> {
    await this.#session.finish().catch((error: unknown) => {
      // How the stream ends does not matter once all is acknowledged.
      if (this.#queue.length > 0) throw error;
    });
  }

  /** Gives ids to tasks without one: they would be recorded twice if they were sent again. */
  #giveNames({ tasks }: TaskBatch): void {
    for (const task of tasks) {
      if (task.taskId !== '') continue;
      this.#namelessTasks += 1;
      task.taskId = `replay-${this.#runId}-${this.#namelessTasks}`;
    }
  }

  #open(): RecordSession {
    return new RecordSession(this.#options.client.recordTasks(), this.#queue, (acknowledged) =>
      this.#take(acknowledged),
    );
  }

  #take({ recorded, duplicates, epoch, bytesThrough }: Acknowledged): void {
    const { onNotice, onProgress } = this.#options;
    this.counts.recorded += recorded;
    this.counts.duplicates += duplicates;
    this.counts.bytes = bytesThrough ?? this.counts.bytes;
    this.#lastWordMs = performance.now();
    if (this.#isBroken) {
      this.#isBroken = false;
      onNotice('connected again');
    }
    if (this.#epoch !== '' && epoch !== this.#epoch) {
      onNotice(`the ledger is another one since the break: epoch ${epoch}, was ${this.#epoch}`);
    }
    this.#epoch = epoch;
    onProgress(this.counts);
  }

  /** Performs a step, again on a new stream if the stream breaks. */
  async #persist(step: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (!isServiceError(error)) throw error;
        if (error.code !== status.UNAVAILABLE) throw this.#refused(error);
        await this.#reopen(error);
      }
    }
  }

  async #reopen(error: ServiceError): Promise<void> {
    const { giveUpAfterMs, onNotice } = this.#options;
    if (!this.#isBroken) {
      this.#isBroken = true;
      this.#lastWordMs = performance.now();
      onNotice(`the connection broke (${causeOf(error)}): trying again`);
    }
    const leftMs = this.#lastWordMs + giveUpAfterMs - performance.now();
    if (leftMs <= 0) {
      const seconds = giveUpAfterMs / 1000;
      throw new Error(`gave up after ${seconds} s without the sidecar: ${causeOf(error)}`, {
        cause: error,
      });
    }
    await delay(Math.min(retryDelayMs(readStatusDetails(error).retryDelayMs), leftMs));
    for (const { tasks } of this.#queue) this.counts.sentAgain += tasks.length;
    this.#session = this.#open();
  }

  /** The refused batch is the oldest that is not acknowledged. */
  #refused(error: ServiceError): Error {
    const { reason, violations } = readStatusDetails(error);
    const places = this.#queue[0]?.places ?? [];
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
}
