import type { StatusObject } from '@grpc/grpc-js';
import { Counts } from '../../domain/counts.ts';
import { LearningError } from '../../domain/errors.ts';
import { refusalStatus } from '../../wire/status.ts';

/** Maximum numbers of streams open at once, of all clients and of one connection. */
export interface StreamLimits {
  readonly maxStreams: number;
  readonly maxStreamsPerClient: number;
}

/** A stream that can be ended. */
export interface OpenStream {
  /** Ends the stream with an error, after what is still to be sent. */
  end(error: LearningError): void;
}

/** A streaming call of either kind. */
interface Call {
  emit(event: 'error', status: StatusObject): boolean;
  getPeer(): string;
  once(event: 'cancelled' | 'close', listener: () => void): unknown;
}

/**
 * The long-lived streams that are open. They are bounded here because at HTTP/2's own limit a unary call
 * on the same connection would hang, and are ended together when the server drains.
 */
export class OpenStreams {
  readonly #limits: () => StreamLimits;
  readonly #streams = new Set<OpenStream>();
  readonly #perPeer = new Counts<string>();
  #draining: LearningError | undefined;

  constructor(limits: () => StreamLimits) {
    this.#limits = limits;
  }

  /** Adds a stream. Throws `TOO_MANY_STREAMS` or `DRAINING`. The result is to be called when the stream has ended. */
  add(stream: OpenStream, peer: string): () => void {
    if (this.#draining !== undefined) throw this.#draining;
    const ofPeer = this.#perPeer.of(peer);
    const { maxStreams, maxStreamsPerClient } = this.#limits();
    if (this.#streams.size >= maxStreams || ofPeer >= maxStreamsPerClient) {
      throw new LearningError(
        'TOO_MANY_STREAMS',
        `at most ${maxStreams} streams may be open, ${maxStreamsPerClient} of one connection`,
      );
    }
    this.#streams.add(stream);
    this.#perPeer.add(peer, 1);
    return () => this.#remove(stream, peer);
  }

  /** Like `add`, for a call that has nothing to send before its end. Returns whether it may go on; if not, ends it. */
  admit(call: Call): boolean {
    const end = (error: LearningError) => void call.emit('error', refusalStatus(error));
    try {
      const release = this.add({ end }, call.getPeer());
      for (const event of ['cancelled', 'close'] as const) call.once(event, release);
      return true;
    } catch (error) {
      if (!(error instanceof LearningError)) throw error;
      end(error);
      return false;
    }
  }

  /** Ends all streams, and admits no more. */
  drain(): void {
    this.#draining = new LearningError('DRAINING', 'the sidecar is shutting down');
    for (const stream of this.#streams) stream.end(this.#draining);
  }

  #remove(stream: OpenStream, peer: string): void {
    if (this.#streams.delete(stream)) this.#perPeer.add(peer, -1);
  }
}
