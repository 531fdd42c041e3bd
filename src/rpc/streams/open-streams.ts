import type { StatusObject } from '@grpc/grpc-js';
import { LearningError } from '../../domain/errors.ts';
import { refusalStatus } from '../../wire/status.ts';
import { Counts } from '../counts.ts';

/** Streams that may be open at once, of all clients and of one connection. */
export interface StreamLimits {
  readonly maxStreams: number;
  readonly maxStreamsPerClient: number;
}

/** A stream as the drain sees it. */
export interface OpenStream {
  /** Ends it with an error, after what it still has to say. */
  end(error: LearningError): void;
}

/** What streaming calls of either kind have. */
interface Call {
  emit(event: 'error', status: StatusObject): boolean;
  getPeer(): string;
  once(event: 'cancelled' | 'close', listener: () => void): unknown;
}

/**
 * The long-lived streams that are open: bounded here, since at HTTP/2's own bound a unary call on
 * the same connection would hang, and ended together when the server drains.
 */
export class OpenStreams {
  readonly #limits: () => StreamLimits;
  readonly #streams = new Set<OpenStream>();
  readonly #perPeer = new Counts<string>();
  #draining: LearningError | undefined;

  constructor(limits: () => StreamLimits) {
    this.#limits = limits;
  }

  /** Throws `TOO_MANY_STREAMS`, or `DRAINING`. The answer is to be called when it has ended. */
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

  /**
   * As `add`, for a call that has nothing to say at its end: it is ended here. Answers whether it
   * may go on.
   */
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

  /** Ends all, and takes no more. */
  drain(): void {
    this.#draining = new LearningError('DRAINING', 'the sidecar is shutting down');
    for (const stream of this.#streams) stream.end(this.#draining);
  }

  #remove(stream: OpenStream, peer: string): void {
    if (this.#streams.delete(stream)) this.#perPeer.add(peer, -1);
  }
}
