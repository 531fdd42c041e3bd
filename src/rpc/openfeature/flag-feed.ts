import type { Clock } from '../../domain/clock.ts';
import type { CommitNote } from '../../ledger/ledger.ts';

/** How often streams of events say that they are alive. */
const KEEP_ALIVE_MS = 20_000;

/** What one reader has to be told, as far as it has not been. */
export interface FeedReader {
  /** Nothing has been told. */
  isNew: boolean;
  /** Parameters whose values in force have changed, or left. */
  readonly changed: Set<string>;
  /** It is time to say that the stream is alive. */
  isBeatDue: boolean;
}

/**
 * Tells readers which parameters have changed in force. A reader that is slow is told once of each, however often
 * it has changed meanwhile.
 */
export class FlagFeed {
  readonly #clock: Clock;
  readonly #readers = new Map<FeedReader, () => void>();
  #isBeating = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Adds a reader, until the returned function is called. `wake` is called whenever there is something to tell. */
  follow(wake: () => void): { readonly reader: FeedReader; close(): void } {
    const reader: FeedReader = { isNew: true, changed: new Set(), isBeatDue: false };
    this.#readers.set(reader, wake);
    this.#beatLater();
    return { reader, close: () => void this.#readers.delete(reader) };
  }

  /** Something has been committed. */
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
