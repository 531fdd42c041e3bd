import { messageOf } from '../domain/errors.ts';
import type { Log } from './log-sampler.ts';

/** Calls `onChange` when one of the files has changed; answers how to stop that. */
export type WatchFiles = (paths: readonly string[], onChange: () => void) => () => void;

/** What is read from files, and read again when they change. */
export interface WatchedOptions<S, T> {
  readonly pathsOf: (settings: S) => readonly string[];
  /** Throws where the files cannot be taken. */
  readonly read: (settings: S) => T;
  /** Other files were taken. */
  readonly onTaken: (value: T) => void;
  readonly watch: WatchFiles;
  readonly logInfo: Log;
  readonly logError: Log;
  /** In words, for the log: the certificates. */
  readonly what: string;
}

/** What is ready to replace what there is: one of the two has to be called. */
export interface Prepared {
  take(): void;
  drop(): void;
}

/** Keeps what was last good, and takes what is read anew once it is good. */
export class Watched<S, T> {
  readonly #options: WatchedOptions<S, T>;
  #settings: S;
  #value: T;
  #stopWatching: () => void;
  #problem = '';

  /** Throws where the files cannot be taken. */
  constructor(settings: S, options: WatchedOptions<S, T>) {
    this.#options = options;
    this.#settings = settings;
    [this.#value, this.#stopWatching] = this.#open(settings);
  }

  get value(): T {
    return this.#value;
  }

  /** Why the newest files were refused; empty where they were not. */
  get problem(): string {
    return this.#problem;
  }

  /** Reads files that may replace those of now. Throws where they cannot. */
  prepare(settings: S): Prepared {
    const [value, stopWatching] = this.#open(settings);
    return {
      take: () => {
        this.#stopWatching();
        this.#stopWatching = stopWatching;
        this.#settings = settings;
        this.#take(value);
      },
      drop: stopWatching,
    };
  }

  /** Follows the files no more. */
  stop(): void {
    this.#stopWatching();
  }

  #open(settings: S): [T, () => void] {
    const { watch, pathsOf, read } = this.#options;
    // First: what changes from here on is seen.
    const stopWatching = watch(pathsOf(settings), () => this.#readAgain());
    try {
      return [read(settings), stopWatching];
    } catch (error) {
      stopWatching();
      throw error;
    }
  }

  #readAgain(): void {
    const { read, what, logInfo, logError } = this.#options;
    try {
      this.#take(read(this.#settings));
      logInfo({}, `${what} were read again: their files have changed`);
    } catch (error) {
      this.#problem = messageOf(error);
      logError({ reason: this.#problem }, `new ${what} were refused; the last good ones stay`);
    }
  }

  #take(value: T): void {
    this.#value = value;
    this.#problem = '';
    this.#options.onTaken(value);
  }
}
