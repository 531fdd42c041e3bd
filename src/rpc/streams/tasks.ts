import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Engine } from '../../engine/engine.ts';
import type {
  RecordTasksRequest,
  RecordTasksRequestSchema,
  RecordTasksResponseSchema,
} from '../../gen/learning/v1/learning_service_pb.ts';
import type { Decoded, Encodable, Malformed } from '../../wire/codec.ts';
import { fromProtoMetrics, fromProtoTask } from '../../wire/from-proto.ts';
import { accept } from '../handlers.ts';
import { checkRecordTasks } from '../validation/task-check.ts';
import type { OpenStream } from './open-streams.ts';
import type { TasksInFlight } from './tasks-in-flight.ts';

type Call = ServerDuplexStream<
  Decoded<typeof RecordTasksRequestSchema>,
  Encodable<typeof RecordTasksResponseSchema>
>;

/**
 * Maximum load of one stream that waits for a commit: each task counts 1, and each message another 16. At the maximum,
 * the stream is paused, and flow control holds the client back. One commit takes less, so the disk never waits.
 */
const MAX_IN_FLIGHT = 5000;
const MESSAGE_LOAD = 16;

/**
 * One RecordTasks stream: records batches as they arrive, answers once per commit with what is durable so
 * far, and ends after the last answer: once the client has half-closed, or with an error.
 */
export class RecordStream implements OpenStream {
  readonly #call: Call;
  readonly #engine: Engine;
  readonly #tasksInFlight: TasksInFlight;
  readonly #done: (error?: unknown) => void;
  readonly #resume = () => this.#readOn();
  #inFlight = 0;
  #recorded = 0;
  #duplicates = 0;
  #deltaSequence = 0;
  /** The counts have changed, or were never sent. */
  #answerDue = true;
  #answerScheduled = false;
  #writable = true;
  #ended = false;
  #failure: unknown;

  /** @param done called once, when the stream is to be ended */
  constructor(
    call: Call,
    engine: Engine,
    tasksInFlight: TasksInFlight,
    done: (error?: unknown) => void,
  ) {
    this.#call = call;
    this.#engine = engine;
    this.#tasksInFlight = tasksInFlight;
    this.#done = done;
    this.#deltaSequence = engine.ledger.state.head.sequence;
    call.on('data', (request: RecordTasksRequest | Malformed) => this.#take(request));
    call.on('end', () => this.end());
    call.on('drain', () => this.#drained());
    call.on('cancelled', () => this.end());
  }

  #take(request: RecordTasksRequest | Malformed): void {
    if (this.#ended) return;
    try {
      const { tasks, metrics, clientId } = accept(request, checkRecordTasks);
      const nowMs = this.#engine.clock.wallNow();
      const recorded = this.#engine.recordTasks(
        tasks.map((task) => fromProtoTask(task, nowMs, clientId)),
        metrics && fromProtoMetrics(metrics, nowMs, clientId),
      );
      const load = tasks.length + MESSAGE_LOAD;
      this.#inFlight += load;
      this.#tasksInFlight.take(load);
      this.#readOn();
      recorded.then(
        (counts) => {
          this.#recorded += counts.recorded;
          this.#duplicates += counts.duplicates;
          this.#deltaSequence = counts.deltaSequence;
          this.#answerDue = true;
          this.#landed(load);
        },
        (error) => {
          this.end(error);
          this.#landed(load);
        },
      );
    } catch (error) {
      this.end(error);
    }
  }

  /** Takes no more tasks, and ends the stream, with `error` if given, once what is in flight is committed. */
  end(error?: unknown): void {
    this.#failure ??= error;
    if (this.#ended) return;
    this.#ended = true;
    this.#tasksInFlight.forget(this.#resume);
    this.#schedule();
  }

  #landed(load: number): void {
    this.#inFlight -= load;
    this.#tasksInFlight.give(load);
    this.#readOn();
    this.#schedule();
  }

  /** Reads on if there is room, or waits for it. */
  #readOn(): void {
    if (this.#inFlight >= MAX_IN_FLIGHT) this.#call.pause();
    else if (this.#tasksInFlight.isFull) {
      this.#call.pause();
      if (!this.#ended) this.#tasksInFlight.whenFree(this.#resume);
    } else if (this.#call.isPaused()) this.#call.resume();
  }

  /** All batches of one commit land in one turn; one answer follows the last of them. */
  #schedule(): void {
    if (this.#answerScheduled) return;
    this.#answerScheduled = true;
    queueMicrotask(() => {
      this.#answerScheduled = false;
      this.#answer();
    });
  }

  #drained(): void {
    this.#writable = true;
    this.#answer();
  }

  #answer(): void {
    const isLast = this.#ended && this.#inFlight === 0;
    if (this.#answerDue && !this.#call.cancelled && (this.#writable || isLast)) {
      if (this.#recorded + this.#duplicates > 0 || isLast) this.#write();
    }
    if (isLast) this.#done(this.#failure);
  }

  #write(): void {
    this.#answerDue = false;
    this.#writable = this.#call.write({
      recordedCount: BigInt(this.#recorded),
      duplicateCount: BigInt(this.#duplicates),
      deltaSequence: BigInt(this.#deltaSequence),
      epoch: this.#engine.ledger.state.head.epoch,
    });
  }
}
