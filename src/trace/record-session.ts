import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type {
  RecordTasksRequestSchema,
  RecordTasksResponse,
} from '../gen/learning/v1/learning_service_pb.ts';
import type { TaskBatch } from './batches.ts';

/** Maximum tasks of a stream without an acknowledgement: a break makes us send these again. */
const MAX_UNACKNOWLEDGED = 10_000;

/** The tasks acknowledged by one response. */
export interface Acknowledged {
  readonly recorded: number;
  readonly duplicates: number;
  readonly epoch: string;
  /** Bytes of the files up to the newest batch that is acknowledged whole; `undefined` if as before. */
  readonly bytesThrough: number | undefined;
}

type RecordCall = ClientDuplexStream<
  MessageInitShape<typeof RecordTasksRequestSchema>,
  RecordTasksResponse
>;

/**
 * One RecordTasks stream over a queue of batches: sends them in order, removes those that the server
 * has acknowledged from the front, and leaves the others to the next session.
 */
export class RecordSession {
  readonly #call: RecordCall;
  readonly #queue: TaskBatch[];
  #sentBatches = 0;
  #sentTasks = 0;
  /** Tasks that the server has acknowledged, and those of them that were in whole batches. */
  #acknowledged = { recorded: 0, duplicates: 0 };
  #settledTasks = 0;
  #failure: unknown;
  #wake = () => {};

  constructor(
    call: RecordCall,
    queue: TaskBatch[],
    onAcknowledged: (acknowledged: Acknowledged) => void,
  ) {
    this.#call = call;
    this.#queue = queue;
    call.on('data', (response: RecordTasksResponse) => onAcknowledged(this.#take(response)));
    call.on('error', (error) => {
      this.#failure ??= error;
    });
    for (const event of ['data', 'drain', 'error', 'end']) call.on(event, () => this.#wake());
  }

  /** Sends the rest of the queue as fast as the server takes it. Rejects if the call fails. */
  async send(): Promise<void> {
    while (this.#sentBatches < this.#queue.length) {
      await this.#until(() => this.#hasRoom());
      const batch = this.#queue[this.#sentBatches];
      if (batch === undefined) return;
      this.#sentBatches += 1;
      this.#sentTasks += batch.tasks.length;
      this.#call.write({ tasks: batch.tasks });
    }
  }

  /** Sends the rest, half-closes the stream, and waits for its last response. */
  async finish(): Promise<void> {
    await this.send();
    this.#call.end();
    await this.#until(() => this.#call.readableEnded);
    if (this.#queue.length > 0) throw new Error('the sidecar ended the stream too early');
  }

  cancel(): void {
    this.#call.cancel();
  }

  #hasRoom(): boolean {
    const isOpen = this.#sentTasks - this.#settledTasks < MAX_UNACKNOWLEDGED;
    return isOpen && !this.#call.writableNeedDrain;
  }

  async #until(holds: () => boolean): Promise<void> {
    while (this.#failure === undefined && !holds()) {
      if (this.#call.readableEnded) throw new Error('the sidecar ended the stream too early');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #take({ recordedCount, duplicateCount, epoch }: RecordTasksResponse): Acknowledged {
    const former = this.#acknowledged;
    const [recorded, duplicates] = [Number(recordedCount), Number(duplicateCount)];
    this.#acknowledged = { recorded, duplicates };
    return {
      recorded: recorded - former.recorded,
      duplicates: duplicates - former.duplicates,
      epoch,
      bytesThrough: this.#settle(recorded + duplicates),
    };
  }

  #settle(acknowledged: number): number | undefined {
    let bytesThrough: number | undefined;
    for (let [first] = this.#queue; first !== undefined; [first] = this.#queue) {
      if (this.#settledTasks + first.tasks.length > acknowledged) break;
      this.#settledTasks += first.tasks.length;
      bytesThrough = first.bytesThrough;
      this.#queue.shift();
      this.#sentBatches -= 1;
    }
    return bytesThrough;
  }
}
