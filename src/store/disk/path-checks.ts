import { lstatSync, statSync } from 'node:fs';
import { LedgerOpenError } from '../../ledger/store.ts';

/**
 * Whether a file or a directory exists. Throws `LedgerOpenError` if anything else has the name: a link to an unmounted
 * target must not look like a ledger that never existed.
 */
export function isThere(path: string, kind: 'file' | 'directory'): boolean {
  const entry = lstatSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return false;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new LedgerOpenError(
      `${path} is a link to what is not there: put that back, or remove the link`,
    );
  }
  if (kind === 'file' && entry.isSymbolicLink()) {
    // SQLite would keep its log beside the target, and the target's directory has another lock.
    throw new LedgerOpenError(`${path} is a link: move the file here, or link its whole directory`);
  }
  if (kind === 'file' ? stats.isFile() : stats.isDirectory()) return true;
  throw new LedgerOpenError(`${path} is not a ${kind}`);
}

/**
 * Throws `LedgerOpenError` if a file has hard links: a sidecar that opened it by another name would not be
 * kept out by the lock of this directory.
 */
export function requireOneName(file: string): void {
  const { nlink } = statSync(file);
  if (nlink <= 1) return;
  throw new LedgerOpenError(
    `${file} has ${nlink} names (hard links), and another sidecar may write to it by one of them: ` +
      'put a copy in its place',
  );
}
