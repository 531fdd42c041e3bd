import { messageOf, systemCode } from '../../domain/errors.ts';
import { LedgerCorruptError, LedgerOpenError, StoreFault } from '../../ledger/store.ts';
import { KIND, sqliteKind } from './error.ts';

const SQLITE_WORDS: Readonly<Record<number, string>> = {
  [KIND.busy]: 'another process holds it locked',
  [KIND.readOnly]: 'it is read-only',
  [KIND.ioError]: 'the disk answers with an I/O error',
  [KIND.corrupt]: 'its file was damaged',
  [KIND.full]: 'the disk is full',
  [KIND.cannotOpen]: 'its file cannot be opened',
  [KIND.noDatabase]: 'its file was damaged',
};

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'its file may not grow',
  EROFS: 'the disk is read-only',
  EACCES: 'its directory may not be written',
  EPERM: 'its directory may not be written',
  EIO: 'the disk answers with an I/O error',
  ENOENT: 'its directory was removed',
  EMFILE: 'the process has too many files open',
};

/** Describes an error without a path, since the message is sent to clients. */
export function asStoreFault(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  if (error instanceof LedgerCorruptError) {
    return new StoreFault('its file was damaged', { cause: error });
  }
  if (error instanceof LedgerOpenError) return asStoreFault(error.cause);
  const kind = sqliteKind(error);
  const words = kind === undefined ? SYSTEM_WORDS[systemCode(error) ?? ''] : SQLITE_WORDS[kind];
  return new StoreFault(words ?? `the store failed: ${messageOf(error)}`, { cause: error });
}

/** Whether the connection should be reopened after this error. */
export function isSpoilt(error: unknown): boolean {
  if (error instanceof LedgerOpenError) return true;
  const kind = sqliteKind(error instanceof StoreFault ? error.cause : error);
  return kind !== undefined && kind !== KIND.full && kind !== KIND.busy;
}
