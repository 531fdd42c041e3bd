import { messageOf } from '../domain/errors.ts';
import { LedgerCorruptError, LedgerOpenError } from '../ledger/store.ts';
import { sqliteCode } from './store-fault.ts';

/** Codes by which SQLite says that a file is not what it should be; in full where the kind is wider. */
const ERROR = 1;
const CORRUPT = 11;
const MISMATCH = 20;
const NO_DATABASE = 26;
const SHORT_READ = 522;

/** Says that a stored ledger does not agree with itself, and what to do. */
export function corruptLedger(file: string, what: string, cause?: unknown): LedgerCorruptError {
  return new LedgerCorruptError(
    `${file} is corrupt: ${what}. Restore a backup, or start with --recover: that moves it aside, ` +
      'salvages what it can, and says what was lost',
    { cause },
  );
}

/** What SQLite or the system said of a path, for people. */
export function asOpenError(error: unknown, path: string): LedgerOpenError {
  if (error instanceof LedgerOpenError) return error;
  const text = messageOf(error);
  return isDamage(error)
    ? corruptLedger(path, text, error)
    : new LedgerOpenError(`${path} cannot be opened: ${text}`, { cause: error });
}

function isDamage(error: unknown): boolean {
  const code = sqliteCode(error) ?? 0;
  // A statement of ours that is no longer understood: the names in the file have changed.
  return [ERROR, CORRUPT, MISMATCH, NO_DATABASE].includes(code & 0xff) || code === SHORT_READ;
}
