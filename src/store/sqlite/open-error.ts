import { messageOf } from '../../domain/errors.ts';
import { LedgerCorruptError, LedgerOpenError } from '../../ledger/store.ts';
import { KIND, SHORT_READ, sqliteCode, sqliteKind } from './error.ts';

/** Codes that mean a damaged file; `error` because a damaged schema makes our statements fail. */
const DAMAGE: readonly number[] = [KIND.error, KIND.corrupt, KIND.mismatch, KIND.noDatabase];

/** The error for a corrupt ledger, with what to do. */
export function corruptLedger(file: string, what: string, cause?: unknown): LedgerCorruptError {
  return new LedgerCorruptError(
    `${file} is corrupt: ${what}. Restore a backup, or start with --recover: that moves it aside, ` +
      'salvages what it can, and says what was lost',
    { cause },
  );
}

/** The error of SQLite or the system for a path, as a `LedgerOpenError`. */
export function asOpenError(error: unknown, path: string, done = 'opened'): LedgerOpenError {
  if (error instanceof LedgerOpenError) return error;
  const text = messageOf(error);
  return isDamage(error)
    ? corruptLedger(path, text, error)
    : new LedgerOpenError(`${path} cannot be ${done}: ${text}`, { cause: error });
}

function isDamage(error: unknown): boolean {
  return DAMAGE.includes(sqliteKind(error) ?? 0) || sqliteCode(error) === SHORT_READ;
}
