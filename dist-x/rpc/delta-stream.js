import { SnapshotOutcome as ProtoOutcome, StreamDeltasResponseSchema, } from '../gen/learning/v1/learning_service_pb.js';
import { Subscription } from '../ledger/subscription.js';
import { toProtoDelta, toTimestamp } from './messages.js';
import { fromProtoTypes } from './requests.js';
import { encode } from './service-definition.js';
import { toProtoParameters } from './value.js';
/** A stream says so much when it has had nothing to say for so long. */
const HEARTBEAT_MS = 15_000;
/** How often silent streams are looked for. */
const HEARTBEAT_CHECK_MS = 1000;
/**
 * Changes whose encoding is kept for the other streams: all that streams at work are about to
 * send, however many they are.
 */
const ENCODED_CHANGES = 512;
const OUTCOMES = {
    initial: ProtoOutcome.INITIAL,
    reset_epoch: ProtoOutcome.RESET_EPOCH,
    reset_compacted: ProtoOutcome.RESET_COMPACTED,
    reset_slow: ProtoOutcome.RESET_SLOW,
};
/** The open StreamDeltas streams: told of every commit, each at its reader's pace. */
export class DeltaStreams {
    #state;
    #clock;
    #streams = new Set();
    #encoded = new Map();
    #cancelCheck;
    constructor(state, clock) {
        this.#state = state;
        this.#clock = clock;
    }
    /** Opens a stream. Throws what `Subscription` throws. */
    open(call, request, done) {
        const stream = new DeltaStream(this.#state, this.#clock, request, {
            call,
            encode: (item) => this.#encode(item),
            done: (error) => {
                this.#streams.delete(stream);
                done(error);
            },
        });
        this.#streams.add(stream);
        this.#cancelCheck ??= this.#clock.schedule(() => this.#check(), HEARTBEAT_CHECK_MS);
        stream.pump();
        return stream;
    }
    /** Something has been committed. */
    pump() {
        for (const stream of this.#streams)
            stream.pump();
    }
    subscribers() {
        return [...this.#streams].map(({ clientId, sequence }) => ({
            clientId,
            sentSequence: sequence,
        }));
    }
    #check() {
        this.#cancelCheck = undefined;
        for (const stream of this.#streams)
            stream.beat();
        if (this.#streams.size === 0)
            return;
        this.#cancelCheck = this.#clock.schedule(() => this.#check(), HEARTBEAT_CHECK_MS);
    }
    /** A change is encoded once, for whichever stream needs it first. */
    #encode(item) {
        if (item.kind === 'snapshot')
            return encodeItem(this.#state, item);
        const known = this.#encoded.get(item.sequence);
        if (known !== undefined)
            return known;
        const bytes = encodeItem(this.#state, item);
        this.#encoded.set(item.sequence, bytes);
        for (const oldest of this.#encoded.keys()) {
            if (this.#encoded.size <= ENCODED_CHANGES)
                break;
            this.#encoded.delete(oldest);
        }
        return bytes;
    }
}
/** One stream. It writes while its reader takes, and otherwise waits to be asked for more. */
export class DeltaStream {
    clientId;
    #state;
    #clock;
    #subscription;
    #ports;
    #writable = true;
    #ended = false;
    #lastWriteMs;
    constructor(state, clock, request, ports) {
        this.clientId = request.clientId;
        this.#state = state;
        this.#clock = clock;
        this.#ports = ports;
        this.#lastWriteMs = clock.monotonic();
        this.#subscription = new Subscription(state, {
            epoch: request.epoch,
            afterSequence: request.afterSequence,
            types: fromProtoTypes(request.types),
        });
        ports.call.on('drain', () => {
            this.#writable = true;
            this.pump();
        });
        // A reader that died never drains.
        ports.call.on('cancelled', () => this.#finish());
    }
    get sequence() {
        return this.#subscription.sequence;
    }
    end(error) {
        this.#finish(error);
    }
    /** Writes what is due, as far as the reader takes it. */
    pump() {
        while (this.#writable && !this.#ended) {
            const item = this.#subscription.next();
            if (item === undefined)
                return;
            this.#write(this.#ports.encode(item));
        }
    }
    /** Says that the stream lives, where it has been silent for long. */
    beat() {
        if (!this.#writable || this.#ended)
            return;
        if (this.#clock.monotonic() - this.#lastWriteMs < HEARTBEAT_MS)
            return;
        const { epoch, lastCycleTimeMs } = this.#state.head;
        const heartbeat = lastCycleTimeMs === null ? {} : { lastCycleTime: toTimestamp(lastCycleTimeMs) };
        this.#write(encode(StreamDeltasResponseSchema, {
            epoch,
            sequence: BigInt(this.sequence),
            event: { case: 'heartbeat', value: heartbeat },
        }));
    }
    #write(bytes) {
        this.#lastWriteMs = this.#clock.monotonic();
        this.#writable = this.#ports.call.write(bytes);
    }
    #finish(error) {
        if (this.#ended)
            return;
        this.#ended = true;
        this.#ports.done(error);
    }
}
function encodeItem({ head }, item) {
    const event = item.kind === 'delta'
        ? { case: 'delta', value: toProtoDelta(item.delta) }
        : {
            case: 'snapshot',
            value: {
                outcome: OUTCOMES[item.outcome],
                parameters: toProtoParameters(item.parameters),
            },
        };
    const { epoch } = head;
    return encode(StreamDeltasResponseSchema, { epoch, sequence: BigInt(item.sequence), event });
}
//# sourceMappingURL=delta-stream.js.map