import { join } from 'node:path';
import { LEDGER_FILE } from '../disk/files.ts';
import { isThere, requireOneName } from '../disk/path-checks.ts';
import { prepareDirectory } from './directory-lock.ts';
import { createLedgerFile, verifyLedgerFile, withDatabase } from './file.ts';
import { asOpenError } from './open-error.ts';
import { loadRows, rowWriter } from './rows.ts';
import { migrate } from './schema.ts';
import { SqliteStore } from './store.ts';
import { inTransaction } from './transaction.ts';

/** Opens, or creates, the ledger of a data directory. Throws `LedgerOpenError`. */
export function openSqliteStore(directory: string): SqliteStore {
  const file = join(directory, LEDGER_FILE);
  const lock = prepareDirectory(directory);
  try {
    if (isThere(file, 'file')) {
      requireOneName(file);
      verifyLedgerFile(file);
    } else {
      createLedgerFile(file);
    }
    return new SqliteStore(directory, lock);
  } catch (error) {
    lock.release();
    throw asOpenError(error, file);
  }
}

/** Replaces the epoch of a ledger file that is not in use. Throws `LedgerOpenError`. */
export function replaceEpoch(file: string, epoch: string): void {
  withDatabase(file, {}, (db) => {
    migrate(db, file);
    const stored = loadRows(db, file);
    if (stored === undefined) return;
    const body = JSON.stringify({ ...stored.head, epoch });
    inTransaction(db, () => rowWriter(db).writeHead(body));
  });
}
