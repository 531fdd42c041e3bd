import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What a watch is told. */
export interface WatchOptions {
  /** How often the files are looked at. */
  readonly intervalMs: number;
  /** Something changed, and has not since the look before; it reads the files and sees what. */
  onChange(): void;
}

/**
 * A second: nobody waits longer than two for a file they wrote, and a look costs some microseconds.
 */
export const WATCH_INTERVAL_MS = 1000;

/**
 * Watches files by looking at them: links are followed at each look, so the swap of a directory's
 * link, as Kubernetes does it, is seen like any other change, and it works on every file system.
 * What changes after this call is reported; a file that is gone has changed. All files have to be
 * the same for one more look: half of a file, or of a pair, is not reported. Never holds the
 * process. Answers how to stop it.
 */
export function watchFiles(paths: readonly string[], options: WatchOptions): () => void {
  const watch = new FileWatch(paths, options.onChange);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const schedule = () => {
    if (stopped) return;
    timer = setTimeout(() => void watch.look().then(schedule), options.intervalMs);
    timer.unref();
  };
  schedule();
  return () => {
    stopped = true;
    watch.stop();
    clearTimeout(timer);
  };
}

/** The looking of a watch; the caller says when. */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #onChange: () => void;
  /** What was last reported or is known from the start. */
  #known: string;
  #seen: string;
  #stopped = false;

  constructor(paths: readonly string[], onChange: () => void) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#known = paths.map((path) => marksNow(path)).join('\n');
    this.#seen = this.#known;
  }

  /** Never rejects: what cannot be looked at counts as one state more. */
  async look(): Promise<void> {
    const marks = await Promise.all(this.#paths.map((path) => marksOf(path)));
    const seen = marks.join('\n');
    const isStable = seen === this.#seen;
    this.#seen = seen;
    if (this.#stopped || !isStable || seen === this.#known) return;
    this.#known = seen;
    this.#onChange();
  }

  stop(): void {
    this.#stopped = true;
  }
}

async function marksOf(path: string): Promise<string> {
  try {
    return describe(await stat(path, { bigint: true }));
  } catch (error) {
    return describeFault(error);
  }
}

function marksNow(path: string): string {
  try {
    return describe(statSync(path, { bigint: true }));
  } catch (error) {
    return describeFault(error);
  }
}

/** All that tells one state of a file from another, but for when it was read. */
function describe({ dev, ino, mode, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(' ');
}

/** `ENOENT` and its like. */
function describeFault(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
