import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { putInPlace, removeWithCompanions } from '../disk/files.ts';
import { MARK_FILE, readMark } from './commit-mark.ts';
import { asOpenError, corruptLedger } from './open-error.ts';
import { parseHead, readHead } from './rows.ts';
import { migrate, requireSchema } from './schema.ts';

/** About what the write-ahead log holds between two checkpoints. */
const MAX_IDLE_WAL_BYTES = 4 * 1024 * 1024;

/** How long to wait for another reader or writer, such as a backup. */
const BUSY_MS = 5000;

/** As `BUSY_MS`, for a commit: callers wait for it, and are better told soon that they have to try again. */
const COMMIT_BUSY_MS = 500;

/** Opens a ledger file for some work. Throws `LedgerOpenError`, whatever SQLite says. */
export function withDatabase<R>(
  file: string,
  options: { readonly readOnly?: boolean; readonly timeout?: number; readonly defensive?: boolean },
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

/** As `withDatabase`, for a file that may be damaged: it is only read, and also where it was cut off. */
export function withDamagedDatabase<R>(file: string, work: (db: DatabaseSync) => R): R {
  const options = { readOnly: true, timeout: BUSY_MS, defensive: false };
  return withDatabase(file, options, (db) => {
    // Otherwise SQLite reads nothing of a file that is shorter than it should be.
    db.exec('PRAGMA writable_schema = ON');
    return work(db);
  });
}

/** Opens a ledger file to write to it. Throws `LedgerOpenError`. */
export function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: COMMIT_BUSY_MS });
    // FULL: what is acknowledged survives a power cut, not only the end of the process.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000');
    // Grown while another process was reading, the write-ahead log shrinks when it is begun anew.
    db.exec(`PRAGMA journal_size_limit = ${MAX_IDLE_WAL_BYTES}`);
    migrate(db, file);
    return db;
  } catch (error) {
    db?.close();
    throw asOpenError(error, file);
  }
}

/** Makes the database of a ledger, and writes to it. Throws `LedgerOpenError`. */
export function createDatabase(file: string, write: (db: DatabaseSync) => void): void {
  withDatabase(file, {}, (db) => {
    migrate(db, file);
    write(db);
  });
}

/**
 * Makes an empty ledger file, which is there whole or not at all: an empty one is damaged, and must
 * not pass for one that was never written.
 */
export function createLedgerFile(file: string): void {
  verifyAbsence(file);
  try {
    putInPlace(
      file,
      (temporary) => createDatabase(temporary, () => {}),
      () => removeWithCompanions(file),
    );
  } catch (error) {
    throw asOpenError(error, file);
  }
}

/** Looks whether a ledger file that is not there was never written. Throws `LedgerCorruptError`. */
export function verifyAbsence(file: string): void {
  if (walBytes(file) > 0) {
    throw corruptLedger(file, 'it is gone, and its write-ahead log is still there');
  }
  const position = readMark(dirname(file))?.position ?? 0;
  if (position === 0) return;
  throw corruptLedger(
    file,
    `it is gone, but events up to ${position} had been committed (to begin anew, remove ` +
      `${MARK_FILE} beside it, too)`,
  );
}

/**
 * Looks whether a ledger file is sound, as far as that can be seen without its events, and as new
 * as it should be. Nothing is written, so that what is damaged can still be salvaged. Throws
 * `LedgerOpenError`.
 */
export function verifyLedgerFile(file: string): void {
  if (existsSync(file) && statSync(file).size === 0) {
    throw corruptLedger(file, 'it is empty');
  }
  // A connection that only reads leaves the write-ahead log alone, whatever is wrong with it.
  withDatabase(file, { readOnly: true, timeout: BUSY_MS }, (db) => {
    const [fault] = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {});
    if (fault !== 'ok') throw corruptLedger(file, String(fault).replaceAll(/\s+/g, ' ').trim());
    requireSchema(db, file);
    checkMark(db, file);
  });
}

/** What was committed can be missing without a trace in the file itself. */
function checkMark(db: DatabaseSync, file: string): void {
  const body = readHead(db, file);
  const mark = readMark(dirname(file));
  if (mark === undefined) return;
  const { epoch, position } = body === undefined ? { ...mark, position: 0 } : parseHead(body);
  if (mark.epoch !== epoch || mark.position <= position) return;
  const what = body === undefined ? 'is empty' : `ends at event ${position}`;
  throw corruptLedger(file, `it ${what}, but events up to ${mark.position} had been committed`);
}

function walBytes(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
