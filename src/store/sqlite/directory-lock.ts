import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from '../../ledger/store.ts';
import { identityOf } from '../disk/file-identity.ts';
import { LEDGER_FILE } from '../disk/files.ts';
import { settleMove } from '../disk/move-aside.ts';
import { isThere } from '../disk/path-checks.ts';
import { asOpenError } from './open-error.ts';

/** A data directory that this process has to itself. */
export interface DirectoryLock {
  /** Whether it still keeps others out: its file is where it was. */
  isHeld(): boolean;
  /** May be called again. */
  release(): void;
}

/**
 * Makes a directory if need be, locks it, and settles what a killed process left half done. Throws
 * `LedgerOpenError`.
 */
export function prepareDirectory(directory: string): DirectoryLock {
  try {
    // Not recursive where it need not be: Node never ends that where nothing can be made (/proc).
    if (!isThere(directory, 'directory')) {
      mkdirSync(directory, { recursive: !existsSync(dirname(directory)) });
    }
    const lock = lockDirectory(directory);
    try {
      settleMove(join(directory, LEDGER_FILE));
    } catch (error) {
      lock.release();
      throw error;
    }
    return lock;
  } catch (error) {
    throw asOpenError(error, directory);
  }
}

/**
 * Keeps a second process out of a data directory, for as long as this process lives: the lock is
 * the operating system's, held through an empty database of its own, and `kill -9` frees it.
 * Throws `LedgerOpenError` where it is taken.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const file = join(directory, 'lock');
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('PRAGMA journal_mode = MEMORY');
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw new LedgerOpenError(
      `${directory} is in use by another learning-sidecar: stop it, or use another --data-dir`,
      { cause },
    );
  }
  const identity = identityOf(file);
  return {
    isHeld: () => identity !== undefined && identityOf(file) === identity,
    release() {
      if (db.isOpen) db.close();
    },
  };
}
