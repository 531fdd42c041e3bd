import { LedgerCorruptError, LedgerOpenError } from '../ledger/store.ts';

/** Says that a stored ledger does not agree with itself, and what to do. */
export function corruptLedger(file: string, what: string, cause?: unknown): LedgerCorruptError {
  return new LedgerCorruptError(
    `${file} is corrupt: ${what}. Restore a backup, or move the file aside to start anew`,
    { cause },
  );
}

/** What SQLite or the system said of a path, for people. */
export function asOpenError(error: unknown, path: string): LedgerOpenError {
  if (error instanceof LedgerOpenError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return /malformed|not a database/.test(text)
    ? corruptLedger(path, text, error)
    : new LedgerOpenError(`${path} cannot be opened: ${text}`, { cause: error });
}
