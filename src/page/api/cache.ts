import { messageOf } from '../../domain/errors.ts';
import { read } from './client.ts';

/** What is known of a resource. */
export interface Known<T> {
  readonly value: T | undefined;
  /** Why the newest attempt to read it failed, in words. */
  readonly error: string | undefined;
}

interface Entry {
  known: Known<unknown>;
  readonly topics: ReadonlySet<string>;
  /** The least time between the end of a reading and the next one, in milliseconds. */
  readonly restMs: number;
  readonly watchers: Set<() => void>;
  /** Whether it is being read, or has been too recently to be read again, and whether it has changed since. */
  reading: 'no' | 'yes' | 'again';
}

/**
 * The next reading waits for a multiple of the time that the one before took, within these bounds in milliseconds: an
 * answer that costs the sidecar much is asked for less often.
 */
const REST = { times: 2, min: 200, max: 5000 } as const;

/** What changes a resource, and how often it is read again at most. */
export interface Watched {
  readonly topics: readonly string[];
  /** Least time between two readings, in milliseconds. */
  readonly restMs?: number;
}

/** Time, as the cache needs it. */
export interface CacheClock {
  nowMs(): number;
  schedule(run: () => void, delayMs: number): void;
}

const BROWSER_CLOCK: CacheClock = {
  nowMs: () => performance.now(),
  schedule: (run, delayMs) => void setTimeout(run, delayMs),
};

/** Resources nobody watches that are kept, so that a view opened again shows at once what it showed last. */
const MAX_UNWATCHED = 24;

const NOTHING: Known<never> = { value: undefined, error: undefined };

/**
 * What was read of the API, by path: read once for all that watch it, and again when a topic of it has changed. What
 * is known stays until there is something newer.
 */
export class Cache {
  readonly #entries = new Map<string, Entry>();
  readonly #read: (path: string) => Promise<unknown>;
  readonly #clock: CacheClock;

  constructor(readPath: (path: string) => Promise<unknown> = read, clock = BROWSER_CLOCK) {
    this.#read = readPath;
    this.#clock = clock;
  }

  known<T>(path: string): Known<T> {
    // The caller names the type that the path answers.
    return (this.#entries.get(path)?.known ?? NOTHING) as Known<T>;
  }

  /** Calls `changed` at each change of what is known, until the returned function is called. */
  watch(path: string, { topics, restMs = REST.min }: Watched, changed: () => void): () => void {
    const entry = this.#entryOf(path, { topics, restMs });
    entry.watchers.add(changed);
    this.#refresh(path, entry);
    return () => {
      entry.watchers.delete(changed);
      this.#forgetSome();
    };
  }

  /** Reads again what is watched and has one of these topics; everything without topics given. */
  changed(topics?: readonly string[]): void {
    for (const [path, entry] of this.#entries) {
      const isMeant = topics === undefined || topics.some((topic) => entry.topics.has(topic));
      if (!isMeant) continue;
      if (entry.watchers.size > 0) this.#refresh(path, entry);
      else this.#entries.delete(path);
    }
  }

  #entryOf(path: string, { topics, restMs }: Required<Watched>): Entry {
    const found = this.#entries.get(path);
    // A resource that is used again is the newest.
    this.#entries.delete(path);
    const entry = found ?? {
      known: NOTHING,
      topics: new Set(topics),
      restMs,
      watchers: new Set<() => void>(),
      reading: 'no' as const,
    };
    this.#entries.set(path, entry);
    return entry;
  }

  #refresh(path: string, entry: Entry): void {
    if (entry.reading !== 'no') {
      entry.reading = 'again';
      return;
    }
    entry.reading = 'yes';
    const startMs = this.#clock.nowMs();
    const settle = (known: Known<unknown>) => {
      entry.known = known;
      for (const watcher of entry.watchers) watcher();
      const tookMs = this.#clock.nowMs() - startMs;
      const restMs = Math.min(Math.max(tookMs * REST.times, entry.restMs), REST.max);
      this.#clock.schedule(() => this.#rested(path, entry), restMs);
    };
    this.#read(path).then(
      (value) => settle({ value, error: undefined }),
      (error) => settle({ value: entry.known.value, error: messageOf(error) }),
    );
  }

  #rested(path: string, entry: Entry): void {
    const isAgain = entry.reading === 'again';
    entry.reading = 'no';
    if (isAgain && entry.watchers.size > 0) this.#refresh(path, entry);
  }

  #forgetSome(): void {
    const unwatched = [...this.#entries].filter(([, { watchers }]) => watchers.size === 0);
    for (const [path] of unwatched.slice(0, -MAX_UNWATCHED)) this.#entries.delete(path);
  }
}
