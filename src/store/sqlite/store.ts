import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { StoredEvent } from '../../ledger/event.ts';
import {
  type Commit,
  MissingFault,
  type StoredLedger,
  StoreFault,
  type SyncLedgerStore,
} from '../../ledger/store.ts';
import { tryDisk } from '../disk/disk-check.ts';
import { identityOf } from '../disk/file-identity.ts';
import { LEDGER_FILE, putInPlace, removeCompanions } from '../disk/files.ts';
import { CommitMark } from './commit-mark.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { type EncodedCommit, encodeCommit } from './encoded-commit.ts';
import { openDatabase } from './file.ts';
import { FreePages } from './free-pages.ts';
import {
  eventOf,
  loadRows,
  parseHead,
  type RowWriter,
  readHead,
  rowReader,
  rowWriter,
  type SoundRow,
} from './rows.ts';
import { asStoreFault, isSpoilt } from './store-fault.ts';
import { inTransaction } from './transaction.ts';

/** A connection, and the identities of its open files. */
interface Connection {
  readonly db: DatabaseSync;
  readonly writer: RowWriter;
  readonly reader: (positions: readonly number[]) => SoundRow[];
  readonly pages: FreePages;
  readonly file: string | undefined;
  readonly companions: string;
}

/** A ledger in a data directory, which it locks while it is open. */
export class SqliteStore implements SyncLedgerStore {
  readonly #directory: string;
  readonly #file: string;
  readonly #mark: CommitMark;
  #lock: DirectoryLock;
  /** `undefined` between closing and reopening. */
  #open: Connection | undefined;
  /** The heads of the last commit, and of a later commit that failed. */
  #committed: string | undefined;
  #attempted: string | undefined;
  #isSpoilt = false;

  /** @param lock the lock of the directory, which must hold a ledger file */
  constructor(directory: string, lock: DirectoryLock) {
    this.#directory = directory;
    this.#file = join(directory, LEDGER_FILE);
    this.#lock = lock;
    this.#mark = new CommitMark(directory);
    this.#open = connect(this.#file);
  }

  load(): StoredLedger | undefined {
    const { db } = this.#connection();
    this.#committed = readHead(db, this.#file);
    return loadRows(db, this.#file);
  }

  commit(commit: Commit): void {
    this.write(encodeCommit(commit));
  }

  /** As `commit`, for an encoded commit. */
  write({ rows, drop, head, mark }: EncodedCommit): void {
    this.#attempted = head;
    try {
      const { db, writer, pages } = this.#connection();
      inTransaction(db, () => {
        writer.drop(drop);
        writer.writeEvents(rows);
        writer.writeHead(head);
        pages.giveBackSome();
      });
      pages.giveBackAllOnce();
      // The first commit goes into the file at once, since the write-ahead log may get lost.
      if (this.#committed === undefined) db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      this.#isSpoilt = isSpoilt(error);
      throw this.#diagnose(error);
    }
    this.#settle(head);
    this.#mark.write(mark);
  }

  read(positions: readonly number[]): StoredEvent[] {
    return this.readRows(positions).map((row) => eventOf(this.#file, row));
  }

  /** As `read`, without decoding. */
  readRows(positions: readonly number[]): SoundRow[] {
    return this.#connection().reader(positions);
  }

  /** Finds the cause of an error by checks of the files and the disk: SQLite has one code for all disk errors. */
  #diagnose(error: unknown): StoreFault {
    if (error instanceof MissingFault) return error;
    const fault = error instanceof StoreFault ? error : undefined;
    try {
      const why = this.#whyMissing();
      if (why !== undefined) {
        return new MissingFault(fault?.message ?? why, { cause: fault?.cause });
      }
      if (fault === undefined) tryDisk(this.#directory);
    } catch (cause) {
      return fault ?? new StoreFault(asStoreFault(cause).message, { cause: error });
    }
    return asStoreFault(error);
  }

  /** Checks that the files are in place: SQLite itself keeps writing into deleted ones. */
  check(): void {
    try {
      this.#checkDirectory();
      const why = this.#whyMissing();
      if (why !== undefined) throw new MissingFault(why);
    } catch (error) {
      throw asStoreFault(error);
    }
  }

  recover(): boolean {
    try {
      this.#checkDirectory();
      // The disk comes first: while it fails, the open connection is better than none.
      tryDisk(this.#directory);
      this.#reconnect();
      const isDone = this.#findHead() !== this.#committed;
      this.#probe(isDone ? this.#attempted : this.#committed);
      return isDone;
    } catch (error) {
      this.#isSpoilt ||= isSpoilt(error);
      throw this.#diagnose(error);
    }
  }

  sizeBytes(): number {
    return sizeOf(this.#file) + sizeOf(`${this.#file}-wal`);
  }

  close(): void {
    this.#disconnect();
    this.#mark.close();
    this.#lock.release();
  }

  #connection(): Connection {
    if (this.#open === undefined) throw new StoreFault('its file is not open');
    return this.#open;
  }

  #disconnect(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.db.close();
  }

  #settle(body: string | undefined): void {
    this.#committed = body;
    this.#attempted = undefined;
    this.#isSpoilt = false;
  }

  /** Checks the directory and its lock. Creating a missing one would fill the disk below, if its mount is gone. */
  #checkDirectory(): void {
    if (!existsSync(this.#directory)) throw new MissingFault('its directory was removed');
    if (!this.#lock.isHeld()) this.#takeLock();
  }

  /** Why the open files are not in place; `undefined` if they are. */
  #whyMissing(): string | undefined {
    const found = identityOf(this.#file);
    if (found === undefined) return 'its file was removed';
    if (this.#open === undefined) return undefined;
    const { file, companions } = this.#open;
    if (found !== file) return 'another file was put in its place';
    if (companionsOf(this.#file) === companions) return undefined;
    return 'the write-ahead log beside its file was removed';
  }

  #takeLock(): void {
    const former = this.#lock;
    try {
      this.#lock = lockDirectory(this.#directory);
    } catch (cause) {
      throw new StoreFault('another process has taken its directory', { cause });
    }
    former.release();
  }

  /** Reopens the connection unless it is sound and its files are in place. */
  #reconnect(): void {
    const open = this.#open;
    const found = identityOf(this.#file);
    if (open === undefined) {
      if (found === undefined) throw new MissingFault('its file was removed');
      this.#open = connect(this.#file);
      return;
    }
    if (found !== undefined && found !== open.file) {
      throw new MissingFault('another file was put in its place');
    }
    const isWhole = companionsOf(this.#file) === open.companions;
    if (found !== undefined && isWhole && !this.#isSpoilt) return;
    if (found === undefined) this.#putBack(open.db);
    // Closing the connection would lose what only the unlinked write-ahead log holds.
    else if (!isWhole) checkpoint(open.db);
    this.#disconnect();
    this.#open = connect(this.#file);
    this.#isSpoilt = false;
  }

  /** Writes the content of the deleted file, which the connection still has open, to its place. */
  #putBack(db: DatabaseSync): void {
    putInPlace(
      this.#file,
      (temporary) => db.prepare('VACUUM INTO ?').run(temporary),
      () => removeCompanions(this.#file),
    );
    this.#mark.close();
  }

  /** The stored head, which is that of the last commit or of the failed one. */
  #findHead(): string | undefined {
    const found = readHead(this.#connection().db, this.#file);
    if (found === this.#committed || found === this.#attempted) return found;
    throw new StoreFault('another process has written to it');
  }

  /** Commits without a change, to prove that the store can be written. */
  #probe(head: string | undefined): void {
    if (head === undefined) return;
    const { db, writer } = this.#connection();
    inTransaction(db, () => writer.writeHead(head));
    this.#settle(head);
    this.#mark.write(parseHead(head));
  }
}

function connect(file: string): Connection {
  const db = openDatabase(file);
  return {
    db,
    writer: rowWriter(db),
    reader: rowReader(db, file),
    pages: new FreePages(db),
    file: identityOf(file),
    companions: companionsOf(file),
  };
}

/** The identities of the files that SQLite keeps while a connection is open. */
function companionsOf(file: string): string {
  return `${identityOf(`${file}-wal`)} ${identityOf(`${file}-shm`)}`;
}

function checkpoint(db: DatabaseSync): void {
  const { busy, log, checkpointed } = db.prepare('PRAGMA wal_checkpoint(FULL)').get() ?? {};
  if (busy !== 0 || log !== checkpointed) throw new StoreFault('another process holds it locked');
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
