import { join } from 'node:path';
import type { Retention } from '../../domain/settings.ts';
import { foldStored } from '../../ledger/fold-stored.ts';
import type { Head } from '../../ledger/head.ts';
import type { StoredLedger } from '../../ledger/store.ts';
import { LEDGER_FILE } from '../disk/files.ts';
import { isThere, requireOneName } from '../disk/path-checks.ts';
import { prepareDirectory } from './directory-lock.ts';
import { createLedgerFile, verifyLedgerFile, withDatabase } from './file.ts';
import { asOpenError } from './open-error.ts';
import { loadRows, rowWriter } from './rows.ts';
import { migrate, requireSchema } from './schema.ts';
import { SqliteStore } from './store.ts';
import { inTransaction } from './transaction.ts';

const NOTHING: Retention = { historyLimit: 0, dedupWindow: 0, retainDeltas: 0, retainCycles: 0 };

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

/**
 * Reads all of a ledger file, checksums included, as if it were opened, without locking its directory. Throws
 * `LedgerOpenError`.
 *
 * @returns its head; `undefined`: it is empty
 */
export function checkLedgerFile(file: string): Head | undefined {
  return withDatabase(file, { readOnly: true }, (db) => {
    requireSchema(db, file);
    const stored = loadRows(db, file);
    return stored && checkLedger(stored);
  });
}

/** As `checkLedgerFile`. */
export function checkLedger(stored: StoredLedger): Head {
  return foldStored(stored, { retention: NOTHING, newEpoch: () => stored.head.epoch }).head;
}

/** Gives a ledger file that nobody uses another epoch. Throws `LedgerOpenError`. */
export function replaceEpoch(file: string, epoch: string): void {
  withDatabase(file, {}, (db) => {
    migrate(db, file);
    const stored = loadRows(db, file);
    if (stored === undefined) return;
    const body = JSON.stringify({ ...stored.head, epoch });
    inTransaction(db, () => rowWriter(db).writeHead(body));
  });
}
