import type { Metadata, ServerInterceptingCallInterface, StatusObject } from '@grpc/grpc-js';

/** Answers of such a size are counted: smaller ones, of all calls of a connection, are 16 MiB. */
const BIG_ANSWER_BYTES = 4096;

/** Where calls are counted. */
export interface AdmissionDesk {
  /** Checks so far: time enough for what is awaited, and cheaper than a clock. */
  readonly checks: number;
  /** Takes a call in, or answers why not. Its request is awaited in either case. */
  enter(call: AdmittedCall, path: string, pool: Pool): StatusObject | undefined;
  /** The request is whole, or will not come. */
  requestCame(call: AdmittedCall): void;
  /** The call is answered or has ended, or is a stream that has begun. */
  leave(pool: Pool): void;
  /** Counts a big answer, or refuses to give it where too many of its connection are not read. */
  answer(path: string, peer: string, bytes: number): StatusObject | undefined;
  /** A big answer has left, or never will. */
  answered(peer: string, bytes: number): void;
}

/** Calls that share a bound. */
export interface Pool {
  pending: number;
}

interface AdmittedCallOptions {
  readonly desk: AdmissionDesk;
  readonly path: string;
  readonly pool: Pool;
  /** Its answer is a stream. */
  readonly isStream: boolean;
}

/** How a call is ended. */
export type End = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];
type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];
type Message = Parameters<Listener['onReceiveMessage']>[0];

/** A call that is counted. It is its own listener: there is one for each call. */
export class AdmittedCall implements ServerInterceptingCallInterface, Listener {
  /** In checks. */
  readonly startedAt: number;
  readonly #call: ServerInterceptingCallInterface;
  readonly #options: AdmittedCallOptions;
  #listener: Listener | undefined;
  #counted = false;
  #refusal: StatusObject | undefined;
  /** Its answer, where that is big. */
  #unread: { readonly peer: string; readonly bytes: number } | undefined;

  constructor(call: ServerInterceptingCallInterface, options: AdmittedCallOptions) {
    this.#call = call;
    this.#options = options;
    this.startedAt = options.desk.checks;
  }

  start(listener: Listener): void {
    this.#listener = listener;
    this.#call.start(this);
  }

  // Here and not at the start, after which a call that has been cancelled never ends.
  onReceiveMetadata(metadata: Metadata): void {
    const { desk, path, pool } = this.#options;
    this.#refusal = desk.enter(this, path, pool);
    this.#counted = this.#refusal === undefined;
    if (this.#counted) this.#listener?.onReceiveMetadata(metadata);
    else this.startRead();
  }

  onReceiveMessage(message: Message): void {
    if (this.#refusal === undefined) this.#listener?.onReceiveMessage(message);
    else this.startRead();
  }

  onReceiveHalfClose(): void {
    // Handlers run now, and not at the message: a client may let them wait for more for ever.
    this.#options.desk.requestCame(this);
    // Only now, too, and in a turn of its own: Node counts a call as open for a while after its client
    // knows that it has ended, and resets the client's next ones where they are too many then.
    const refusal = this.#refusal;
    if (refusal !== undefined) return void setImmediate(() => this.#call.sendStatus(refusal));
    if (this.#options.isStream) this.#leave();
    this.#listener?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#leave();
    this.#options.desk.requestCame(this);
    if (this.#unread !== undefined) {
      this.#options.desk.answered(this.#unread.peer, this.#unread.bytes);
    }
    this.#listener?.onCancel();
  }

  /** Ends a call whose request does not come. */
  giveUp(end: End): void {
    this.#leave();
    this.#call.sendStatus(end);
  }

  /** It will not be served once its request is whole, and is not waited for. */
  refuse(refusal: StatusObject): void {
    this.#leave();
    this.#refusal = refusal;
  }

  #leave(): void {
    if (!this.#counted) return;
    this.#counted = false;
    this.#options.desk.leave(this.#options.pool);
  }

  sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  sendMessage(message: Message, callback: () => void): void {
    this.#leave();
    const refusal = this.#count(message);
    if (refusal === undefined) this.#call.sendMessage(message, callback);
    else this.#call.sendStatus(refusal);
  }

  /** Streams need no counting: they write while their reader reads. */
  #count(message: Message): StatusObject | undefined {
    const { desk, path, isStream } = this.#options;
    if (isStream || !(message instanceof Uint8Array)) return undefined;
    const { length: bytes } = message;
    if (bytes < BIG_ANSWER_BYTES) return undefined;
    const peer = this.getPeer();
    const refusal = desk.answer(path, peer, bytes);
    if (refusal === undefined) this.#unread = { peer, bytes };
    return refusal;
  }

  sendStatus(end: End): void {
    this.#leave();
    this.#call.sendStatus(end);
  }

  startRead(): void {
    this.#call.startRead();
  }

  getPeer(): string {
    return this.#call.getPeer();
  }

  getDeadline() {
    return this.#call.getDeadline();
  }

  getHost(): string {
    return this.#call.getHost();
  }

  getAuthContext() {
    return this.#call.getAuthContext();
  }

  getConnectionInfo() {
    return this.#call.getConnectionInfo();
  }

  getMetricsRecorder() {
    return this.#call.getMetricsRecorder();
  }
}
