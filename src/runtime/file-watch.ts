import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { systemCode } from '../domain/errors.ts';

export interface WatchOptions {
  /** How often the files are checked. */
  readonly intervalMs: number;
  /** Called when a file has changed and then stayed the same for one interval. */
  onChange(): void;
}

/** A change is reported within two seconds; a check costs some microseconds. */
export const WATCH_INTERVAL_MS = 1000;

/**
 * Watches files by polling, which works on every file system and follows links, so that the swap of a directory's link
 * (as by Kubernetes) is seen. A change after this call, such as a removal, is reported once all files have stayed the
 * same for one interval, so that no half-written file or pair of files is. Does not keep the process alive. Returns a
 * function that stops the watch.
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

/** The checks of a watch, at times that the caller chooses. */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #onChange: () => void;
  /** The state that was last reported; at first, the state at the start. */
  #known: string;
  #seen: string;
  #stopped = false;

  constructor(paths: readonly string[], onChange: () => void) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#known = paths.map((path) => marksNow(path)).join('\n');
    this.#seen = this.#known;
  }

  /** Never rejects: an error counts as a state, too. */
  async look(): Promise<void> {
    const marks = await Promise.all(
      this.#paths.map((path) => stat(path, { bigint: true }).then(describe, describeFault)),
    );
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

function marksNow(path: string): string {
  try {
    return describe(statSync(path, { bigint: true }));
  } catch (error) {
    return describeFault(error);
  }
}

/** What tells one state of a file from another; the time of the last access is left out. */
function describe({ dev, ino, mode, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, mode, size, mtimeNs, ctimeNs].join(' ');
}

function describeFault(error: unknown): string {
  return systemCode(error) ?? String(error);
}
