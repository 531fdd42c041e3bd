import { messageOf } from '../domain/errors.ts';
import type { AccessLog } from './log-sampler.ts';

/** Calls `onChange` when one of the files has changed; returns a function that stops watching. */
export type WatchFiles = (paths: readonly string[], onChange: () => void) => () => void;

/** How files are read, and read again when they change. */
export interface WatchedOptions<S, T> {
  /** Throws if the files cannot be used. */
  readonly read: (settings: S) => T;
  /** Called when new content is live. */
  readonly onTaken: (value: T) => void;
  readonly watch: WatchFiles;
  readonly log: Pick<AccessLog, 'info' | 'error'>;
  /** What the files hold, for the log. */
  readonly what: string;
}

/** The newest good content of files. All strings in `settings` are paths of the files. */
export class Watched<S extends object, T> {
  readonly #options: WatchedOptions<S, T>;
  #settings: S;
  #value: T;
  #stopWatching: () => void;
  #problem = '';

  /** Throws if the files cannot be used. */
  constructor(settings: S, options: WatchedOptions<S, T>) {
    this.#options = options;
    this.#settings = settings;
    // The files are watched before they are read, so that no change is missed.
    this.#stopWatching = this.#watch();
    try {
      this.#value = options.read(settings);
    } catch (error) {
      this.stop();
      throw error;
    }
    options.onTaken(this.#value);
  }

  get value(): T {
    return this.#value;
  }

  /** Why the newest files were refused; empty if they were not. */
  get problem(): string {
    return this.#problem;
  }

  /** Reads other files; returns a function that makes them live. Throws if they cannot be used. */
  prepare(settings: S): () => void {
    const value = this.#options.read(settings);
    return () => {
      this.stop();
      this.#settings = settings;
      this.#stopWatching = this.#watch();
      this.#take(value);
      // The files may have changed between the reading and the watching.
      this.#readAgain();
    };
  }

  /** Stops watching the files. */
  stop(): void {
    this.#stopWatching();
  }

  #watch(): () => void {
    const { watch, what, log } = this.#options;
    const isPath = (value: unknown) => typeof value === 'string';
    return watch(Object.values(this.#settings).filter(isPath), () => {
      if (this.#readAgain()) log.info({}, `${what} were read again: their files have changed`);
    });
  }

  #readAgain(): boolean {
    const { read, what, log } = this.#options;
    try {
      this.#take(read(this.#settings));
      return true;
    } catch (error) {
      this.#problem = messageOf(error);
      log.error({ reason: this.#problem }, `new ${what} were refused; the last good ones stay`);
      return false;
    }
  }

  #take(value: T): void {
    this.#value = value;
    this.#problem = '';
    this.#options.onTaken(value);
  }
}
