import type { Clock } from '../../domain/clock.ts';
import type { CommitNote } from '../../ledger/ledger.ts';

/** Interval of the keep-alive messages on streams of events. */
const KEEP_ALIVE_MS = 20_000;

/** What has not been sent to one reader yet. */
export interface FeedReader {
  /** Whether nothing has been sent. */
  isNew: boolean;
  /** Parameters whose value in force has changed, or that were removed. */
  readonly changed: Set<string>;
  /** Whether a keep-alive message is due. */
  isBeatDue: boolean;
}

/**
 * Tells readers which parameters have another value in force. A slow reader gets each parameter once, however often
 * the value has changed meanwhile.
 */
export class FlagFeed {
  readonly #clock: Clock;
  readonly #readers = new Map<FeedReader, () => void>();
  #isBeating = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a reader, until `close` is called. `wake` is called whenever there is something to send. */
  follow(wake: () => void): { readonly reader: FeedReader; close(): void } {
    const reader: FeedReader = { isNew: true, changed: new Set(), isBeatDue: false };
    this.#readers.set(reader, wake);
    this.#beatLater();
    return { reader, close: () => void this.#readers.delete(reader) };
  }

  /** To be called after each commit. */
  committed({ applied, events }: CommitNote): void {
    if (this.#readers.size === 0) return;
    const names = applied.map(({ target }) => target);
    for (const event of events) {
      if (event.kind === 'parameters_declared') names.push(...Object.keys(event.parameters));
      if (event.kind === 'parameters_retired') names.push(...event.names);
    }
    if (names.length === 0) return;
    for (const [{ changed }, wake] of this.#readers) {
      for (const name of names) changed.add(name);
      wake();
    }
  }

  #beatLater(): void {
    if (this.#isBeating) return;
    this.#isBeating = true;
    this.#clock.schedule(() => this.#beat(), KEEP_ALIVE_MS);
  }

  #beat(): void {
    this.#isBeating = false;
    for (const [reader, wake] of this.#readers) {
      reader.isBeatDue = true;
      wake();
    }
    if (this.#readers.size > 0) this.#beatLater();
  }
}
