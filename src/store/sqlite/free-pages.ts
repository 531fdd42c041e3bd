import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Fewer free pages than this are kept for later rows. */
const MIN_FREE_PAGES = 256;

/** The maximum of pages that one commit returns: 2 MiB. */
const PAGES_AT_ONCE = 512;

/** Returns free pages to the file system, some with each commit. */
export class FreePages {
  readonly #db: DatabaseSync;
  readonly #free: StatementSync;
  readonly #all: StatementSync;
  /** Whether the file was made by an earlier release, without `auto_vacuum`. */
  #isFixed: boolean;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#free = db.prepare('PRAGMA freelist_count');
    this.#all = db.prepare('PRAGMA page_count');
    this.#isFixed = read(db.prepare('PRAGMA auto_vacuum')) === 0;
  }

  /** Returns some free pages; to be called in the transaction of a commit. */
  giveBackSome(): void {
    if (!this.#isFixed && this.#areMany()) {
      this.#db.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`);
    }
  }

  /**
   * To be called after a commit. Rewrites a file of an earlier release once a quarter of it is free, which takes time
   * in proportion to its content. If that fails, for example on a full disk, the file stays as it is.
   */
  giveBackAllOnce(): void {
    if (!this.#isFixed || !this.#areMany()) return;
    this.#isFixed = false;
    try {
      this.#db.exec('PRAGMA auto_vacuum = INCREMENTAL; VACUUM');
    } catch {}
  }

  #areMany(): boolean {
    const free = read(this.#free);
    return free > MIN_FREE_PAGES && free > read(this.#all) / 4;
  }
}

function read(statement: StatementSync): number {
  return Number(Object.values(statement.get() ?? {})[0]);
}
