import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Clock } from '../../domain/clock.ts';
import type { CohortValues } from '../../domain/cohort.ts';
import type { DeltaType } from '../../domain/delta.ts';
import type { LearningError } from '../../domain/errors.ts';
import {
  SnapshotOutcome as ProtoOutcome,
  type StreamDeltasRequest,
  type StreamDeltasRequestSchema,
  StreamDeltasResponseSchema,
} from '../../gen/learning/v1/learning_service_pb.ts';
import { type LedgerState, MAX_BACKLOG } from '../../ledger/state.ts';
import { type FeedItem, type SnapshotOutcome, Subscription } from '../../ledger/subscription.ts';
import type { Decoded, Encodable } from '../../wire/codec.ts';
import { encode } from '../../wire/encode.ts';
import { fromProtoTypes } from '../../wire/from-proto.ts';
import { toStreamedDelta, toTimestamp } from '../../wire/to-proto.ts';
import { toProtoParameters } from '../../wire/value.ts';
import type { OpenStream } from './open-streams.ts';

type Call = ServerWritableStream<
  Decoded<typeof StreamDeltasRequestSchema>,
  Encodable<typeof StreamDeltasResponseSchema>
>;

/** A stream that has been silent for this time sends a heartbeat. */
const HEARTBEAT_MS = 15_000;

/** How often silent streams are looked for; `DeltaStream.beat` counts these checks. */
const HEARTBEAT_CHECK_MS = 1000;

/** Number of changes whose encoding is kept for other streams: more than a stream that keeps up has still to send. */
const ENCODED_CHANGES = 2 * MAX_BACKLOG;

const OUTCOMES: Readonly<Record<SnapshotOutcome, ProtoOutcome>> = {
  initial: ProtoOutcome.INITIAL,
  reset_epoch: ProtoOutcome.RESET_EPOCH,
  reset_compacted: ProtoOutcome.RESET_COMPACTED,
  reset_slow: ProtoOutcome.RESET_SLOW,
};

/** One open stream, for GetStatus. */
export interface SubscriberInfo {
  /** 1 for the first stream since the start, and so on. */
  readonly number: number;
  readonly clientId: string;
  readonly sentSequence: number;
  /** The sequence of the newest Snapshot that was sent; 0 if none was. */
  readonly snapshotSequence: number;
  /** Empty for all. */
  readonly types: readonly DeltaType[];
}

/** The open StreamDeltas streams. Each is written at the pace of its reader. */
export class DeltaStreams {
  readonly #state: LedgerState;
  readonly #clock: Clock;
  readonly #streams = new Set<DeltaStream>();
  readonly #encoded = new Map<number, Buffer>();
  #checking = false;
  #opened = 0;

  constructor(state: LedgerState, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  /** Opens a stream. Throws what `Subscription` throws. */
  open(call: Call, request: StreamDeltasRequest, done: (error?: unknown) => void): DeltaStream {
    const stream = new DeltaStream(this.#state, this.#clock, request, {
      call,
      number: this.#opened + 1,
      encode: (item) => this.#encode(item),
      done: (error) => {
        this.#streams.delete(stream);
        done(error);
      },
    });
    this.#opened += 1;
    this.#streams.add(stream);
    this.#checkLater();
    stream.pump();
    return stream;
  }

  /** To be called after a commit: sends what is new. */
  pump(): void {
    for (const stream of this.#streams) stream.pump();
  }

  /** The open streams, oldest first. */
  subscribers(): readonly SubscriberInfo[] {
    return [...this.#streams];
  }

  #checkLater(): void {
    if (this.#checking) return;
    this.#checking = true;
    this.#clock.schedule(() => this.#check(), HEARTBEAT_CHECK_MS);
  }

  #check(): void {
    this.#checking = false;
    for (const stream of this.#streams) stream.beat();
    if (this.#streams.size > 0) this.#checkLater();
  }

  /** Encodes each change once, for all streams. */
  #encode(item: FeedItem): Buffer {
    if (item.kind === 'snapshot') return encodeItem(this.#state, item);
    const known = this.#encoded.get(item.sequence);
    if (known !== undefined) return known;
    const bytes = encodeItem(this.#state, item);
    this.#encoded.set(item.sequence, bytes);
    for (const oldest of this.#encoded.keys()) {
      if (this.#encoded.size <= ENCODED_CHANGES) break;
      this.#encoded.delete(oldest);
    }
    return bytes;
  }
}

interface StreamPorts {
  readonly call: Call;
  readonly number: number;
  encode(item: FeedItem): Buffer;
  /** Called once, when the stream has ended or is to be ended. */
  done(error?: unknown): void;
}

/** One stream. It writes until its buffer is full, and goes on when the buffer drains. */
export class DeltaStream implements OpenStream, SubscriberInfo {
  readonly number: number;
  readonly clientId: string;
  readonly types: readonly DeltaType[];
  snapshotSequence = 0;
  readonly #state: LedgerState;
  readonly #clock: Clock;
  readonly #subscription: Subscription;
  readonly #ports: StreamPorts;
  #writable = true;
  #ended = false;
  /** Calls of `beat` since the last write. */
  #silentChecks = 0;

  constructor(state: LedgerState, clock: Clock, request: StreamDeltasRequest, ports: StreamPorts) {
    this.number = ports.number;
    this.clientId = request.clientId;
    this.#state = state;
    this.#clock = clock;
    this.#ports = ports;
    this.types = fromProtoTypes(request.types);
    this.#subscription = new Subscription(state, {
      epoch: request.epoch,
      afterSequence: request.afterSequence,
      types: this.types,
      cohorts: request.cohorts,
    });
    ports.call.on('drain', () => {
      this.#writable = true;
      this.pump();
    });
    // The stream of a client that is gone never drains.
    ports.call.on('cancelled', () => this.end());
  }

  get sentSequence(): number {
    return this.#subscription.sequence;
  }

  end(error?: LearningError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ports.done(error);
  }

  /** Writes what is due, until the buffer is full. */
  pump(): void {
    // The clock is read once for all that is written in this turn: reading it costs as much as a write.
    const nowMs = this.#clock.now();
    while (this.#writable && !this.#ended) {
      const item = this.#subscription.next(nowMs);
      if (item === undefined) return;
      if (item.kind === 'snapshot') this.snapshotSequence = item.sequence;
      this.#write(this.#ports.encode(item));
    }
  }

  /** To be called at every check: sends a heartbeat if one is due. */
  beat(): void {
    if (!this.#writable || this.#ended) return;
    this.#silentChecks += 1;
    if (this.#silentChecks * HEARTBEAT_CHECK_MS < HEARTBEAT_MS) return;
    const { epoch, lastCycleTimeMs } = this.#state.head;
    const heartbeat =
      lastCycleTimeMs === null ? {} : { lastCycleTime: toTimestamp(lastCycleTimeMs) };
    this.#write(
      encode(StreamDeltasResponseSchema, {
        epoch,
        sequence: BigInt(this.sentSequence),
        event: { case: 'heartbeat', value: heartbeat },
      }),
    );
  }

  #write(bytes: Buffer): void {
    this.#silentChecks = 0;
    this.#writable = this.#ports.call.write(bytes);
  }
}

function toProtoCohorts(own: CohortValues | undefined) {
  if (own === undefined) return [];
  return Object.entries(own.values).map(([value, parameters]) => ({
    cohort: { label: own.label, value },
    parameters: toProtoParameters(parameters),
  }));
}

function encodeItem({ head }: LedgerState, item: FeedItem): Buffer {
  const event =
    item.kind === 'delta'
      ? ({ case: 'delta', value: toStreamedDelta(item.delta) } as const)
      : ({
          case: 'snapshot',
          value: {
            outcome: OUTCOMES[item.outcome],
            parameters: toProtoParameters(item.parameters),
            deltaIds: item.deltaIds,
            cohorts: toProtoCohorts(item.cohortValues),
          },
        } as const);
  const { epoch } = head;
  return encode(StreamDeltasResponseSchema, { epoch, sequence: BigInt(item.sequence), event });
}
