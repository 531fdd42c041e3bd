import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type {
  RecordTasksRequestSchema,
  RecordTasksResponse,
} from '../gen/learning/v1/learning_service_pb.ts';
import type { TaskBatch } from './batches.ts';

/** Tasks of one stream that may wait for the server's word: what a break makes us send again. */
const MAX_UNACKNOWLEDGED = 10_000;

/** What the server said of tasks since it last said something. */
export interface Acknowledged {
  readonly recorded: number;
  readonly duplicates: number;
  readonly epoch: string;
  /** Newest byte of the files that is acknowledged whole; `undefined`: as before. */
  readonly bytesThrough: number | undefined;
}

type Call = ClientDuplexStream<
  MessageInitShape<typeof RecordTasksRequestSchema>,
  RecordTasksResponse
>;

/**
 * One RecordTasks stream over a queue of batches: sends them in order, takes those that the server
 * has acknowledged off the front, and leaves the others to the next session.
 */
export class RecordSession {
  readonly #call: Call;
  readonly #queue: TaskBatch[];
  readonly #onAcknowledged: (acknowledged: Acknowledged) => void;
  #sentBatches = 0;
  /** Tasks sent, and tasks the server has spoken of, since the stream began. */
  #sentTasks = 0;
  #recorded = 0;
  #duplicates = 0;
  /** Tasks in batches taken off the queue. */
  #settledTasks = 0;
  #writable = true;
  #ended = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(
    call: Call,
    queue: TaskBatch[],
    onAcknowledged: (acknowledged: Acknowledged) => void,
  ) {
    this.#call = call;
    this.#queue = queue;
    this.#onAcknowledged = onAcknowledged;
    call.on('data', (response: RecordTasksResponse) => this.#take(response));
    call.on('drain', () => {
      this.#writable = true;
      this.#wake?.();
    });
    call.on('error', (error) => {
      this.#failure ??= error;
      this.#wake?.();
    });
    call.on('end', () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  /** Sends what of the queue is not sent yet, at the server's pace. Rejects as the call fails. */
  async send(): Promise<void> {
    while (this.#sentBatches < this.#queue.length) {
      await this.#until(() => this.#hasRoom());
      const batch = this.#queue[this.#sentBatches];
      if (batch === undefined) return;
      this.#sentBatches += 1;
      this.#sentTasks += batch.tasks.length;
      this.#writable = this.#call.write({ tasks: batch.tasks });
    }
  }

  /** Sends the rest, says that this was all, and waits for the last word. */
  async finish(): Promise<void> {
    await this.send();
    this.#call.end();
    await this.#until(() => this.#ended);
    if (this.#queue.length > 0) throw new Error('the sidecar ended the stream too early');
  }

  cancel(): void {
    this.#call.cancel();
  }

  #hasRoom(): boolean {
    return this.#writable && this.#sentTasks - this.#settledTasks < MAX_UNACKNOWLEDGED;
  }

  async #until(holds: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (holds()) return;
      if (this.#ended) throw new Error('the sidecar ended the stream too early');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(response: RecordTasksResponse): void {
    const recorded = Number(response.recordedCount);
    const duplicates = Number(response.duplicateCount);
    const news = { recorded: recorded - this.#recorded, duplicates: duplicates - this.#duplicates };
    this.#recorded = recorded;
    this.#duplicates = duplicates;
    const bytesThrough = this.#settle(recorded + duplicates);
    this.#onAcknowledged({ ...news, epoch: response.epoch, bytesThrough });
    this.#wake?.();
  }

  #settle(spokenOf: number): number | undefined {
    let bytesThrough: number | undefined;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (this.#settledTasks + first.tasks.length > spokenOf) break;
      this.#settledTasks += first.tasks.length;
      bytesThrough = first.bytesThrough;
      this.#queue.shift();
      this.#sentBatches -= 1;
    }
    return bytesThrough;
  }
}
