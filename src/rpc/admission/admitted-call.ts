import { constants, type ServerHttp2Stream } from 'node:http2';
import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../domain/clock.ts';
import { decodedBytes } from '../../wire/codec.ts';
import { allowMessages } from '../grpc-js/internals.ts';
import { MAX_REQUEST_BYTES } from '../grpc-js/server.ts';
import { type Connection, type Connections, MAX_UNREAD_BYTES } from './connections.ts';
import { type Refusals, TOO_MANY_BYTES, tooLarge, UNREAD, withoutRetry } from './refusals.ts';
import type { MethodRule } from './rules.ts';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type Message = Parameters<Listener['onReceiveMessage']>[0];
type End = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

/** Smaller responses are not counted: those of all calls of a connection, unread, take about 5 MiB. */
const LARGE_RESPONSE_BYTES = 4096;

/** Length of the prefix of each message: a flag for compression, and the message's length. */
const PREFIX_BYTES = 5;

/** Maximum time from the headers of a request to its end; 4 MiB take that long at 3.4 Mbit/s. */
const REQUEST_TIMEOUT_MS = 10_000;

/** A call that asks to be admitted. */
export interface Applicant {
  readonly rule: MethodRule;
  readonly connection: Connection;
  /** The header `authorization`. */
  readonly authorization: string | undefined;
}

/** A stream that the gate has admitted. */
export interface Arrival extends Applicant {
  readonly stream: ServerHttp2Stream;
}

/** A call that is counted. */
export interface CountedCall {
  readonly arrival: Applicant;
  /** Ends the call. */
  sendStatus(status: StatusObject): void;
}

/** Where calls are counted. */
export interface CallCounter {
  readonly connections: Connections;
  readonly clock: Clock;
  enter(call: CountedCall): void;
  /** The call no longer counts against its pool. */
  leave(call: CountedCall): void;
  ended(call: CountedCall): void;
  refuse(rule: MethodRule, refusals: Refusals): StatusObject;
}

/** The layer between grpc-js's call and the handler. It is the listener, too, which saves an object per call. */
export class AdmittedCall extends ServerInterceptingCall implements Listener {
  readonly arrival: Arrival;
  readonly #call: ServerInterceptingCallInterface;
  readonly #counter: CallCounter;
  #listener: Listener | undefined;
  #isPending = false;
  #cancelTimeout: (() => void) | undefined;
  /** The client has half-closed. */
  #requestEnded = false;
  /** Whether the call was cancelled, or ended before its request: what still arrives, or is answered, is dropped. */
  #isOver = false;
  /** Bytes of the message that is arriving. */
  #bytes = 0;
  /** Bytes taken from the budget of requests. */
  #taken = 0;
  #givesBackOnClose = false;
  #unreadBytes = 0;

  constructor(call: ServerInterceptingCallInterface, arrival: Arrival, counter: CallCounter) {
    super(call);
    this.#call = call;
    this.arrival = arrival;
    this.#counter = counter;
    const { maxBytes } = arrival.rule;
    if (maxBytes > MAX_REQUEST_BYTES) allowMessages(call, maxBytes);
  }

  override start(listener: Listener): void {
    this.#listener = listener;
    this.#call.start(this);
  }

  /** grpc-js does not call this for a call that was cancelled before, and then does not call `onCancel`, either. */
  onReceiveMetadata(metadata: Metadata): void {
    const { stream } = this.arrival;
    this.#isPending = true;
    this.#counter.enter(this);
    if (stream.state.state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE) {
      // The request has ended: most arrive in one read with their headers, and fit into the window of a stream.
      this.#count(stream.readableLength);
    } else {
      stream.on('data', (bytes: Buffer) => this.#count(bytes.length));
      this.#awaitRequest();
    }
    if (!this.#isOver) this.#listener?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: Message): void {
    // The decoding of a compressed message may end after its stream was reset.
    if (this.#isOver || this.arrival.stream.destroyed) return;
    // A compressed message is larger decoded than the bytes that arrived.
    const bytes = decodedBytes(message);
    if (bytes > this.#bytes) this.#count(bytes - this.#bytes);
    if (this.#isOver) return;
    if (this.arrival.rule.requestStream) this.#bytes = 0;
    this.#listener?.onReceiveMessage(message);
  }

  /** Handlers run at the half-close, and not at the message; a client may delay the half-close for ever. */
  onReceiveHalfClose(): void {
    this.#requestEnded = true;
    this.#stopAwaiting();
    if (this.arrival.rule.responseStream) this.#leave();
    // A refused call comes here, too: closing its stream ends its request. Its handler is not to run.
    if (!this.#isOver) this.#listener?.onReceiveHalfClose();
  }

  /** grpc-js calls this at the end of every call. */
  onCancel(): void {
    this.#isOver = true;
    this.#leave();
    this.#counter.ended(this);
    this.arrival.connection.unreadBytes -= this.#unreadBytes;
    this.#listener?.onCancel();
  }

  override sendMessage(message: Message, callback: () => void): void {
    this.#leave();
    if (this.#isOver) return;
    if (this.#takeResponse(message)) this.#call.sendMessage(message, callback);
    else this.refuse(UNREAD);
  }

  override sendStatus(end: End): void {
    this.#leave();
    if (!this.#requestEnded) this.#isOver = true;
    const { stream, rule } = this.arrival;
    const hasTrailers = stream.headersSent;
    const isFinal = rule.neverRepeated && end.code !== status.OK;
    this.#call.sendStatus(
      isFinal ? withoutRetry({ ...end, metadata: end.metadata ?? new Metadata() }) : end,
    );
    if (!this.#requestEnded) stopRequest(stream, hasTrailers);
  }

  refuse(refusals: Refusals): void {
    this.sendStatus(this.#counter.refuse(this.arrival.rule, refusals));
  }

  override getPeer(): string {
    return this.arrival.connection.peer;
  }

  /** Limits the time of a request; a stream of requests may take any time. */
  #awaitRequest(): void {
    const { requestStream, pool } = this.arrival.rule;
    if (requestStream) return;
    pool.awaited.add(this);
    const giveUp = () => this.sendStatus(TOO_LATE);
    this.#cancelTimeout = this.#counter.clock.schedule(giveUp, REQUEST_TIMEOUT_MS);
  }

  #stopAwaiting(): void {
    if (this.#cancelTimeout === undefined) return;
    this.#cancelTimeout();
    this.#cancelTimeout = undefined;
    this.arrival.rule.pool.awaited.delete(this);
  }

  #leave(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#stopAwaiting();
    this.#counter.leave(this);
  }

  /**
   * Counts a large response; returns whether there is room for it. Streams need no counting: they write only while
   * their client reads.
   */
  #takeResponse(message: Message): boolean {
    const { rule, connection } = this.arrival;
    if (rule.responseStream || !(message instanceof Uint8Array)) return true;
    if (message.length < LARGE_RESPONSE_BYTES) return true;
    if (connection.unreadBytes + message.length > MAX_UNREAD_BYTES) return false;
    connection.unreadBytes += message.length;
    this.#unreadBytes = message.length;
    return true;
  }

  #count(bytes: number): void {
    if (this.#isOver) return;
    const { rule } = this.arrival;
    // A message begins: until now, grpc-js has held the one before it.
    if (this.#bytes === 0) this.#giveBack();
    this.#bytes += bytes;
    if (!rule.requestStream && this.#bytes > rule.maxBytes + PREFIX_BYTES) {
      this.sendStatus(tooLarge(rule.maxBytes));
    } else if (!this.#takeRequest()) this.refuse(TOO_MANY_BYTES);
  }

  #takeRequest(): boolean {
    const { stream, connection } = this.arrival;
    const taken = this.#counter.connections.takeRequest(connection, this.#bytes, this.#taken);
    if (taken === undefined) return false;
    this.#taken = taken;
    if (taken === 0) return true;
    // Given back at the close, not at the answer: the stream holds its request until the response has been read.
    if (!this.#givesBackOnClose) stream.once('close', () => this.#giveBack());
    this.#givesBackOnClose = true;
    return true;
  }

  #giveBack(): void {
    this.#counter.connections.giveRequest(this.arrival.connection, this.#taken);
    this.#taken = 0;
  }
}

const TOO_LATE = {
  code: status.DEADLINE_EXCEEDED,
  details: `the request did not come within ${REQUEST_TIMEOUT_MS / 1000} s of its headers`,
};

/**
 * Tells the client to stop sending the request of a call that is answered; otherwise the stream, and the bytes that
 * have arrived on it, would stay until the client has sent everything.
 *
 * @param hasTrailers the response had begun, so its trailers are still to be sent
 */
function stopRequest(stream: ServerHttp2Stream, hasTrailers: boolean): void {
  const close = () =>
    void setImmediate(() => {
      if (!stream.readableEnded && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  if (hasTrailers) stream.once('wantTrailers', close);
  else close();
}
