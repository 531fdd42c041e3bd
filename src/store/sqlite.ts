import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { decodeEvent, encodeEvent } from '../ledger/codec.ts';
import type { StoredEvent } from '../ledger/event.ts';
import type { Head } from '../ledger/head.ts';
import type { Commit, LedgerStore, StoredLedger } from '../ledger/store.ts';
import { lockDirectory } from './directory-lock.ts';
import { asOpenError, corruptLedger } from './open-error.ts';
import { migrate } from './sqlite-schema.ts';

/** The ledger's file in its data directory. */
export const LEDGER_FILE = 'ledger.db';

/** Opens, or creates, the ledger of a data directory. Throws `LedgerOpenError`. */
export function openSqliteStore(directory: string): LedgerStore {
  const file = join(directory, LEDGER_FILE);
  const unlock = prepareDirectory(directory);
  try {
    return createStore(openDatabase(file), file, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Reads a ledger file without locking its directory. Throws `LedgerOpenError`. */
export function readLedgerFile(file: string): StoredLedger | undefined {
  return withDatabase(file, { readOnly: true }, (db) => {
    migrate(db, file);
    const stored = load(db, file);
    return stored && { head: stored.head, events: [...stored.events] };
  });
}

/** Gives a ledger file that nobody uses another epoch. Throws `LedgerOpenError`. */
export function replaceEpoch(file: string, epoch: string): void {
  withDatabase(file, {}, (db) => {
    migrate(db, file);
    const stored = load(db, file);
    if (stored !== undefined) prepareHead(db)({ ...stored.head, epoch });
  });
}

/** Makes a directory if need be and locks it; the answer unlocks it. Throws `LedgerOpenError`. */
export function prepareDirectory(directory: string): () => void {
  try {
    // Not recursive where it need not be: Node never ends that where nothing can be made (/proc).
    if (!existsSync(directory)) {
      mkdirSync(directory, { recursive: !existsSync(dirname(directory)) });
    }
    return lockDirectory(directory);
  } catch (error) {
    throw asOpenError(error, directory);
  }
}

/** Opens a ledger file for some work. Throws `LedgerOpenError`, whatever SQLite says. */
export function withDatabase<R>(
  file: string,
  options: { readonly readOnly?: boolean; readonly timeout?: number },
  work: (db: DatabaseSync) => R,
): R {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, options);
    return work(db);
  } catch (error) {
    throw asOpenError(error, file);
  } finally {
    db?.close();
  }
}

function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 5000 });
    // FULL: what is acknowledged survives a power cut, not only the end of the process.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000');
    migrate(db, file);
    return db;
  } catch (error) {
    db?.close();
    throw asOpenError(error, file);
  }
}

function createStore(db: DatabaseSync, file: string, unlock: () => void): LedgerStore {
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM events WHERE position = ?');
  const setHead = prepareHead(db);
  const write = ({ events, drop, head }: Commit) => {
    for (const { position, event } of events) {
      const body = encodeEvent(event);
      insert.run(position, event.kind, body, checksum(position, event.kind, body));
    }
    for (const position of drop) remove.run(position);
    setHead(head);
  };
  return {
    load: () => load(db, file),
    commit(commit) {
      db.exec('BEGIN IMMEDIATE');
      try {
        write(commit);
        db.exec('COMMIT');
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
    sizeBytes: () => sizeOf(file) + sizeOf(`${file}-wal`),
    close() {
      db.close();
      unlock();
    },
  };
}

function prepareHead(db: DatabaseSync): (head: Head) => void {
  const statement = db.prepare('INSERT OR REPLACE INTO head VALUES (1, ?, ?)');
  return (head) => {
    const body = JSON.stringify(head);
    statement.run(body, checksum(0, 'head', body));
  };
}

function load(db: DatabaseSync, file: string): StoredLedger | undefined {
  const row = guard(file, () => db.prepare('SELECT body, checksum FROM head WHERE id = 1').get());
  if (row === undefined) {
    const left = guard(file, () => db.prepare('SELECT count(*) AS n FROM events').get());
    if (Number(left?.n) > 0) throw corruptLedger(file, 'its head is missing');
    return undefined;
  }
  const body = String(row.body);
  if (row.checksum !== checksum(0, 'head', body)) throw corruptLedger(file, 'its head is damaged');
  // Written by `commit` and vouched for by the checksum.
  return { head: JSON.parse(body) as Head, events: readEvents(db, file) };
}

function* readEvents(db: DatabaseSync, file: string): Iterable<StoredEvent> {
  const rows = db.prepare('SELECT position, kind, body, checksum FROM events ORDER BY position');
  const iterator = guard(file, () => rows.iterate());
  for (;;) {
    const next = guard(file, () => iterator.next());
    if (next.done) return;
    const position = Number(next.value.position);
    const kind = String(next.value.kind);
    const body = String(next.value.body);
    if (next.value.checksum !== checksum(position, kind, body)) {
      throw corruptLedger(file, `event ${position} (${kind}) is damaged`);
    }
    yield { position, event: guard(file, () => decodeEvent(kind, body)) };
  }
}

/** Over all that identifies a record, so that a row cannot pass for another. */
export function checksum(
  position: number | bigint,
  kind: string,
  body: string | Uint8Array,
): number {
  return crc32(body, crc32(`${position}:${kind}:`));
}

function guard<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw corruptLedger(file, messageOf(error), error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
