import {
  type Metadata,
  type ServerInterceptingCallInterface,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { decodedBytes } from '../../wire/codec.ts';
import { forgetMessage, hangUp, wireCallOf } from '../grpc-js/call-internals.ts';
import { type End, InterceptedCall, type Message } from '../grpc-js/intercepted-call.ts';
import { FREE_BYTES, type RequestBytes } from '../grpc-js/message-limits.ts';

/** How much of its requests a call may have under way. */
export interface Meter {
  readonly bytes: RequestBytes;
  /** Of one message; larger ones are refused. */
  readonly maxBytes: number;
  /** Requests follow each other: each gives back what it took when it is whole. */
  readonly isStream: boolean;
  /** There is no room. */
  refuse(): StatusObject;
}

/** A call whose bytes are counted as they come, and not once a message is whole. */
export class MeteredCall extends InterceptedCall {
  readonly #meter: Meter;
  /** The client has said all. */
  protected requestEnded = false;
  #maxBytes: number;
  #bytes = 0;
  #taken = 0;
  /** Kept: a connection that has ended tells it no more. */
  #peer: string | undefined;
  #over = false;

  constructor(call: ServerInterceptingCallInterface, meter: Meter) {
    super(call);
    this.#meter = meter;
    this.#maxBytes = meter.maxBytes;
  }

  override onReceiveMetadata(metadata: Metadata): void {
    // Nothing has been read yet.
    wireCallOf(this.base).stream.on('data', (bytes: Buffer) => this.#count(bytes.length));
    super.onReceiveMetadata(metadata);
  }

  /** It is refused: no more of it is read than is of any call. */
  protected readLittle(): void {
    this.#maxBytes = Math.min(this.#maxBytes, FREE_BYTES);
  }

  override onReceiveMessage(message: Message): void {
    if (this.#over) return;
    // More than has come, where it was compressed.
    const bytes = decodedBytes(message);
    if (bytes > this.#bytes) this.#count(bytes - this.#bytes);
    if (this.#over) return;
    if (this.#meter.isStream) this.#nextMessage();
    super.onReceiveMessage(message);
  }

  override onReceiveHalfClose(): void {
    this.requestEnded = true;
    super.onReceiveHalfClose();
  }

  override sendStatus(end: End): void {
    super.sendStatus(end);
    if (!this.requestEnded) hangUp(wireCallOf(this.base));
  }

  /** What a message beyond the limit is ended with. */
  protected overLimit(): StatusObject | undefined {
    return undefined;
  }

  #count(bytes: number): void {
    if (this.#over) return;
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes + PREFIX_BYTES && !this.#meter.isStream) {
      this.#end(this.overLimit() ?? tooLarge(this.#maxBytes));
      return;
    }
    const more = this.#bytes - FREE_BYTES - this.#taken;
    if (more <= 0) return;
    if (!this.#take(more)) this.#end(this.#meter.refuse());
  }

  #end(end: End): void {
    this.#over = true;
    this.sendStatus(end);
  }

  #take(bytes: number): boolean {
    if (this.#peer === undefined) {
      this.#peer = this.getPeer();
      // Not when it is answered: the stream keeps its request until the answer has been read.
      wireCallOf(this.base).stream.once('close', () => this.#giveBack());
    }
    if (!this.#meter.bytes.take(this.#peer, bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  #nextMessage(): void {
    this.#bytes = 0;
    forgetMessage(wireCallOf(this.base));
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#taken === 0 || this.#peer === undefined) return;
    this.#meter.bytes.give(this.#peer, this.#taken);
    this.#taken = 0;
  }
}

/** Before each message: whether it is compressed, and how long it is. */
const PREFIX_BYTES = 5;

function tooLarge(maxBytes: number): End {
  const details = `the request is larger than ${maxBytes} bytes`;
  return { code: status.RESOURCE_EXHAUSTED, details };
}
