import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Fewer free pages than this are left for what comes next. */
const MIN_FREE_PAGES = 256;

/** Pages given back to the system by one commit at most: 2 MiB. */
const PAGES_AT_ONCE = 512;

/** Gives pages that are no longer needed back to the system, some with each commit. */
export class FreePages {
  readonly #db: DatabaseSync;
  readonly #free: StatementSync;
  readonly #all: StatementSync;
  /** Whether the file was made by a release that left its size as it was. */
  #isFixed: boolean;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#free = db.prepare('PRAGMA freelist_count');
    this.#all = db.prepare('PRAGMA page_count');
    this.#isFixed = read(db.prepare('PRAGMA auto_vacuum')) === 0;
  }

  /** To be called in the transaction of a commit. */
  giveBackSome(): void {
    if (!this.#isFixed && this.#areMany()) {
      this.#db.exec(`PRAGMA incremental_vacuum(${PAGES_AT_ONCE})`);
    }
  }

  /**
   * To be called after a commit: rewrites a file of an earlier release once a quarter of it is free, which takes as
   * long as what is in it needs. Without success, as on a full disk, the file stays as it is.
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
