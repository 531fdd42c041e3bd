import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { Delta, DeltaType } from '../../../src/gen/learning/v1/delta_pb.ts';
import type {
  SnapshotOutcome,
  StreamDeltasResponse,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import type { LearningClient } from './clients.ts';

export interface FollowerOptions {
  readonly clientId: string;
  /** Where to begin; left out: with a snapshot. */
  readonly afterSequence?: bigint;
  readonly types?: readonly DeltaType[];
}

/** A delta as it came, and when. */
export interface Arrival {
  readonly delta: Delta;
  /** By `performance.now()`. */
  readonly atMs: number;
}

/**
 * A client that follows StreamDeltas over any number of connections, each opened where the one
 * before had got to. It notes what it is told, and what breaks the contract.
 */
export class Follower {
  readonly arrivals: Arrival[] = [];
  readonly snapshots: { readonly sequence: bigint; readonly outcome: SnapshotOutcome }[] = [];
  readonly heartbeats: bigint[] = [];
  /** What should not have happened. */
  readonly faults: string[] = [];
  epoch = '';
  /** How far it has read; `undefined`: nothing yet, a snapshot is wanted. */
  sequence: bigint | undefined;
  readonly #options: FollowerOptions;
  readonly #waiting = new Set<() => void>();
  #stream: ClientReadableStream<StreamDeltasResponse> | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.sequence = options.afterSequence;
  }

  get clientId(): string {
    return this.#options.clientId;
  }

  get deltas(): Delta[] {
    return this.arrivals.map(({ delta }) => delta);
  }

  /** Opens a stream from where it is; answers the error that ends it. */
  open(client: LearningClient): Promise<ServiceError> {
    const { clientId, types = [] } = this.#options;
    const { epoch, sequence } = this;
    const from = sequence === undefined ? {} : { epoch, afterSequence: sequence };
    const stream = client.streamDeltas({ clientId, types: [...types], ...from });
    this.#stream = stream;
    stream.on('data', (message: StreamDeltasResponse) => this.#take(message));
    return new Promise((resolve) => {
      stream.once('error', (error: ServiceError) => {
        this.#stream = undefined;
        this.#wake();
        resolve(error);
      });
    });
  }

  close(): void {
    this.#stream?.cancel();
  }

  /** Resolves when it has read so far, or its stream has ended. */
  async until(sequence: bigint): Promise<void> {
    while (this.#stream !== undefined && (this.sequence ?? -1n) < sequence) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves at its next heartbeat. */
  async heartbeat(): Promise<bigint> {
    const before = this.heartbeats.length;
    while (this.#stream !== undefined && this.heartbeats.length === before) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    return this.heartbeats.at(-1) ?? -1n;
  }

  #take({ epoch, sequence, event }: StreamDeltasResponse): void {
    this.epoch = epoch;
    if (event.case === 'delta') this.#takeDelta(sequence, event.value);
    else if (event.case === 'snapshot') {
      this.snapshots.push({ sequence, outcome: event.value.outcome });
    } else this.heartbeats.push(sequence);
    this.sequence = sequence;
    this.#wake();
  }

  #takeDelta(sequence: bigint, delta: Delta): void {
    this.arrivals.push({ delta, atMs: performance.now() });
    if (delta.sequence !== sequence) {
      this.faults.push(`message ${sequence} carries delta ${delta.sequence}`);
    }
    const before = this.sequence ?? -1n;
    const isNext = this.#options.types === undefined ? sequence === before + 1n : sequence > before;
    if (!isNext) this.faults.push(`${sequence} came after ${before}`);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
