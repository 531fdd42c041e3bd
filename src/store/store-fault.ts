import { messageOf } from '../domain/errors.ts';
import { LedgerCorruptError, LedgerOpenError, StoreFault } from '../ledger/store.ts';

/** What SQLite says of an error: its code, of which the lowest byte is the kind. */
export function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  return typeof code === 'number' ? code : undefined;
}

const BUSY = 5;
const READ_ONLY = 8;
const IO_ERROR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NO_DATABASE = 26;

const WORDS: Readonly<Record<number, string>> = {
  [BUSY]: 'another process holds it locked',
  [READ_ONLY]: 'it is read-only',
  [IO_ERROR]: 'the disk answers with an I/O error',
  [CORRUPT]: 'its file was damaged',
  [FULL]: 'the disk is full',
  [CANNOT_OPEN]: 'its file cannot be opened',
  [NO_DATABASE]: 'its file was damaged',
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

/** A fault in words, without a path: clients are told them. */
export function asStoreFault(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error;
  if (error instanceof LedgerCorruptError) {
    return new StoreFault('its file was damaged', { cause: error });
  }
  if (error instanceof LedgerOpenError) return asStoreFault(error.cause);
  const code = sqliteCode(error);
  const words = code === undefined ? SYSTEM_WORDS[systemCode(error)] : WORDS[code & 0xff];
  return new StoreFault(words ?? `the store failed: ${messageOf(error)}`, { cause: error });
}

/** Whether a connection that has said so is better opened anew. */
export function isSpoilt(error: unknown): boolean {
  if (error instanceof LedgerOpenError) return true;
  const code = sqliteCode(error instanceof StoreFault ? error.cause : error);
  return code !== undefined && (code & 0xff) !== FULL && (code & 0xff) !== BUSY;
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
