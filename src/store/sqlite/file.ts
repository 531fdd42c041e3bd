import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { putInPlace, removeWithCompanions } from '../disk/files.ts';
import { MARK_FILE, readMark } from './commit-mark.ts';
import { asOpenError, corruptLedger } from './open-error.ts';
import { parseHead, readHead } from './rows.ts';
import { migrate, requireSchema } from './schema.ts';

/** About the size of the write-ahead log between two checkpoints. */
const MAX_IDLE_WAL_BYTES = 4 * 1024 * 1024;

/** How long to wait for a lock of another process, such as a backup. */
const BUSY_MS = 5000;

/** As `BUSY_MS`, for a commit: callers wait for the commit, and should learn soon that they have to retry. */
const COMMIT_BUSY_MS = 500;

/** Opens a ledger file, runs `work`, and closes it. Errors become `LedgerOpenError`. */
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

/** As `withDatabase`, read-only, for a file that may be damaged or truncated. */
export function withDamagedDatabase<R>(file: string, work: (db: DatabaseSync) => R): R {
  const options = { readOnly: true, timeout: BUSY_MS, defensive: false };
  return withDatabase(file, options, (db) => {
    // Without this SQLite refuses to read a truncated file.
    db.exec('PRAGMA writable_schema = ON');
    return work(db);
  });
}

/** Opens a ledger file for writing. Throws `LedgerOpenError`. */
export function openDatabase(file: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: COMMIT_BUSY_MS });
    // FULL: acknowledged commits survive a power cut, not only a crash of the process.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000');
    // The write-ahead log grows while another process reads; this limit shrinks the log at its next reset.
    db.exec(`PRAGMA journal_size_limit = ${MAX_IDLE_WAL_BYTES}`);
    migrate(db, file);
    return db;
  } catch (error) {
    db?.close();
    throw asOpenError(error, file);
  }
}

/** Creates a ledger's database, and writes to it. Throws `LedgerOpenError`. */
export function createDatabase(file: string, write: (db: DatabaseSync) => void): void {
  withDatabase(file, {}, (db) => {
    migrate(db, file);
    write(db);
  });
}

/** Creates a new ledger file, completely or not at all, so that an empty file always means damage. */
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

/** Checks that a missing ledger file never existed. Throws `LedgerCorruptError`. */
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
 * Checks that a ledger file is sound, apart from its events, and as new as its mark. Writes nothing, so that a
 * damaged file can still be salvaged. Throws `LedgerOpenError`.
 */
export function verifyLedgerFile(file: string): void {
  if (existsSync(file) && statSync(file).size === 0) {
    throw corruptLedger(file, 'it is empty');
  }
  // A read-only connection does not touch the write-ahead log, even if it is damaged.
  withDatabase(file, { readOnly: true, timeout: BUSY_MS }, (db) => {
    const [fault] = Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {});
    if (fault !== 'ok') throw corruptLedger(file, String(fault).replaceAll(/\s+/g, ' ').trim());
    requireSchema(db, file);
    checkMark(db, file);
  });
}

/** Checks that a ledger ends where its mark does: the file itself does not show that commits are missing. */
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
