import type { LearningError } from '../../domain/errors.ts';
import type { OpenStream } from '../streams/open-streams.ts';
import type { FeedReader, FlagFeed } from './flag-feed.ts';

/** What a stream of gRPC writes to. */
interface Sink<M> {
  write(message: M): boolean;
  on(event: 'drain' | 'cancelled', listener: () => void): unknown;
}

/** A gRPC stream that sends changes. It writes until its buffer is full, and goes on when the buffer drains. */
export class FlagStream<M> implements OpenStream {
  readonly #sink: Sink<M>;
  readonly #next: (reader: FeedReader) => M | undefined;
  readonly #done: (error?: unknown) => void;
  readonly #reader: FeedReader;
  readonly #close: () => void;
  #isWritable = true;
  #hasEnded = false;

  /**
   * @param next the next message for a reader; `undefined` if there is none now
   * @param done called once, when the stream has ended or is to be ended
   */
  constructor(
    sink: Sink<M>,
    feed: FlagFeed,
    next: (reader: FeedReader) => M | undefined,
    done: (error?: unknown) => void,
  ) {
    this.#sink = sink;
    this.#next = next;
    this.#done = done;
    const { reader, close } = feed.follow(() => this.#pump());
    this.#reader = reader;
    this.#close = close;
    sink.on('drain', () => {
      this.#isWritable = true;
      this.#pump();
    });
    // The stream of a client that is gone never drains.
    sink.on('cancelled', () => this.end());
    this.#pump();
  }

  end(error?: LearningError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#close();
    this.#done(error);
  }

  #pump(): void {
    while (this.#isWritable && !this.#hasEnded) {
      const message = this.#next(this.#reader);
      if (message === undefined) return;
      this.#isWritable = this.#sink.write(message);
    }
  }
}

/**
 * The messages of a stream, for a consumer that reads them one after the other. Ends when `ended` fires; throws the
 * error that the stream is ended with.
 */
export async function* flagMessages<M>(
  feed: FlagFeed,
  next: (reader: FeedReader) => M | undefined,
  ended: AbortSignal,
  open: (stream: OpenStream) => () => void,
): AsyncGenerator<M> {
  let failure: LearningError | undefined;
  let wake = () => {};
  const { reader, close } = feed.follow(() => wake());
  try {
    const release = open({
      end(error) {
        failure = error;
        wake();
      },
    });
    ended.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!ended.aborted) {
        if (failure !== undefined) throw failure;
        const message = next(reader);
        if (message !== undefined) yield message;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      release();
    }
  } finally {
    close();
  }
}
