import { lstatSync, statSync } from 'node:fs';
import { LedgerOpenError } from '../../ledger/store.ts';

/**
 * Whether a file or a directory is there. Throws `LedgerOpenError` where its name is taken by something
 * else: a link whose target is not mounted must not pass for a ledger that was never written.
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
    // SQLite keeps its log beside the target, and the lock of the target's directory is another one.
    throw new LedgerOpenError(`${path} is a link: move the file here, or link its whole directory`);
  }
  if (kind === 'file' ? stats.isFile() : stats.isDirectory()) return true;
  throw new LedgerOpenError(`${path} is not a ${kind}`);
}

/**
 * Throws `LedgerOpenError` where a file has another name (a hard link): a sidecar that opened it by that one
 * would not be kept out by the lock of this directory.
 */
export function requireOneName(file: string): void {
  const { nlink } = statSync(file);
  if (nlink <= 1) return;
  throw new LedgerOpenError(
    `${file} has ${nlink} names (hard links), and another sidecar may write to it by one of them: ` +
      'put a copy in its place',
  );
}
