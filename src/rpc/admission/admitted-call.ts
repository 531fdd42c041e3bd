import type { Http2Session } from 'node:http2';
import type { Metadata, ServerInterceptingCallInterface, StatusObject } from '@grpc/grpc-js';
import type { Counts } from '../counts.ts';
import { wireCallOf } from '../grpc-js/call-internals.ts';
import type { End, Message } from '../grpc-js/intercepted-call.ts';
import { type Meter, MeteredCall } from './metered-call.ts';

/** Answers of such a size are counted: smaller ones, of all calls of a connection, are 16 MiB. */
const BIG_ANSWER_BYTES = 4096;

/** Where calls are counted. */
export interface CallLimiter {
  /** Checks so far: time enough for what is awaited, and cheaper than a clock. */
  readonly checks: number;
  /** Takes a call in; its request is awaited. */
  enter(call: AdmittedCall, pool: Pool): void;
  /** The request is whole, or will not come. */
  requestCame(call: AdmittedCall, pool: Pool): void;
  /** The call is answered or has ended, or is a stream that has begun. */
  leave(call: AdmittedCall, pool: Pool): void;
  /** Counts a big answer, or refuses to give it where too many of its connection are not read. */
  answer(path: string, peer: string, bytes: number): StatusObject | undefined;
  /** A big answer has left, or never will. */
  answered(peer: string, bytes: number): void;
}

/** Calls that share a bound. */
export interface Pool {
  pending: number;
  most(): number;
  /** Calls whose request is not whole, the oldest first. */
  readonly awaited: Set<AdmittedCall>;
  /** By connection, where each has a bound. */
  readonly ofSession: Counts<Http2Session> | undefined;
}

interface AdmittedCallOptions {
  readonly limiter: CallLimiter;
  readonly path: string;
  readonly pool: Pool;
  /** Its answer is a stream. */
  readonly isStream: boolean;
  readonly meter: Meter;
}

/** A call that is counted. */
export class AdmittedCall extends MeteredCall {
  /** In checks. */
  readonly startedAt: number;
  /** Kept: a connection that has ended tells it no more. */
  session: Http2Session | undefined;
  readonly #options: AdmittedCallOptions;
  #counted = false;
  /** Set when it will not be served although it was taken in. */
  #refusal: StatusObject | undefined;
  /** Its answer, where that is big. */
  #unread: { readonly peer: string; readonly bytes: number } | undefined;

  constructor(call: ServerInterceptingCallInterface, options: AdmittedCallOptions) {
    super(call, options.meter);
    this.#options = options;
    this.startedAt = options.limiter.checks;
  }

  // Here and not at the start, after which a call that has been cancelled never ends.
  override onReceiveMetadata(metadata: Metadata): void {
    this.session = wireCallOf(this.base).stream.session;
    this.#counted = true;
    this.#options.limiter.enter(this, this.#options.pool);
    super.onReceiveMetadata(metadata);
  }

  protected override overLimit(): StatusObject | undefined {
    return this.#refusal;
  }

  override onReceiveMessage(message: Message): void {
    if (this.#refusal === undefined) super.onReceiveMessage(message);
    else this.startRead();
  }

  override onReceiveHalfClose(): void {
    // Handlers run now, and not at the message: a client may let them wait for more for ever.
    this.#options.limiter.requestCame(this, this.#options.pool);
    this.requestEnded = true;
    if (this.#refusal !== undefined) return void super.sendStatus(this.#refusal);
    if (this.#options.isStream) this.#leave();
    super.onReceiveHalfClose();
  }

  override onCancel(): void {
    this.#leave();
    this.#options.limiter.requestCame(this, this.#options.pool);
    if (this.#unread !== undefined) {
      this.#options.limiter.answered(this.#unread.peer, this.#unread.bytes);
    }
    super.onCancel();
  }

  /** It will not be served once its request is whole, and is not waited for. */
  refuse(refusal: StatusObject): void {
    this.#leave();
    this.#refusal = refusal;
    this.readLittle();
  }

  #leave(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.#options.limiter.leave(this, this.#options.pool);
  }

  override sendMessage(message: Message, callback: () => void): void {
    this.#leave();
    const refusal = this.#count(message);
    if (refusal === undefined) super.sendMessage(message, callback);
    else super.sendStatus(refusal);
  }

  /** Streams need no counting: they write while their reader reads. */
  #count(message: Message): StatusObject | undefined {
    const { limiter, path, isStream } = this.#options;
    if (isStream || !(message instanceof Uint8Array)) return undefined;
    const { length: bytes } = message;
    if (bytes < BIG_ANSWER_BYTES) return undefined;
    const peer = this.getPeer();
    const refusal = limiter.answer(path, peer, bytes);
    if (refusal === undefined) this.#unread = { peer, bytes };
    return refusal;
  }

  override sendStatus(end: End): void {
    this.#leave();
    super.sendStatus(end);
  }
}
