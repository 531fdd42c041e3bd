import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from '../../ledger/store.ts';
import { identityOf } from '../disk/file-identity.ts';
import { LEDGER_FILE } from '../disk/files.ts';
import { settleMove } from '../disk/move-aside.ts';
import { isThere } from '../disk/path-checks.ts';
import { asOpenError } from './open-error.ts';

/** The lock of a data directory. */
export interface DirectoryLock {
  /** Whether the lock file is still in place, and so keeps others out. */
  isHeld(): boolean;
  /** May be called more than once. */
  release(): void;
}

/** Creates a directory if needed, locks it, and settles an interrupted move. Throws `LedgerOpenError`. */
export function prepareDirectory(directory: string): DirectoryLock {
  try {
    // Recursive only if needed: Node never returns where nothing can be created, as in /proc.
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
 * Locks a data directory for as long as this process lives. The lock is the operating system's, held by way of
 * an empty database, so `kill -9` releases it. Throws `LedgerOpenError` if it is taken.
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
