import type { Retention } from '../../domain/settings.ts';
import { foldStored } from '../../ledger/fold-stored.ts';
import type { Head } from '../../ledger/head.ts';
import type { StoredLedger } from '../../ledger/store.ts';
import { withDatabase } from './file.ts';
import { loadRows } from './rows.ts';
import { requireSchema } from './schema.ts';

const NOTHING: Retention = { historyLimit: 0, dedupWindow: 0, retainDeltas: 0, retainCycles: 0 };

/**
 * Reads and folds all of a ledger file, checksums included, without locking its directory. Throws `LedgerOpenError`.
 *
 * @returns the head of the ledger; `undefined` if the ledger is empty
 */
export function checkLedgerFile(file: string): Head | undefined {
  return withDatabase(file, { readOnly: true }, (db) => {
    requireSchema(db, file);
    const stored = loadRows(db, file);
    return stored && checkLedger(stored);
  });
}

/** Folds a stored ledger, which reads all of it, and returns its head. Throws `LedgerCorruptError`. */
export function checkLedger(stored: StoredLedger): Head {
  return foldStored(stored, { retention: NOTHING, newEpoch: () => stored.head.epoch }).head;
}
