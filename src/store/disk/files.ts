import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** The ledger's file in its data directory. */
export const LEDGER_FILE = 'ledger.db';

/** The suffixes of files that SQLite keeps beside a database. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** Syncs a file, or the names in a directory. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes a database's companions: SQLite would take a journal of an earlier database of this name for its own. */
export function removeCompanions(file: string): void {
  for (const suffix of COMPANIONS) rmSync(`${file}${suffix}`, { force: true });
}

export function removeWithCompanions(file: string): void {
  rmSync(file, { force: true });
  removeCompanions(file);
}

/** The name of a database while it is being written. */
export function temporaryOf(file: string): string {
  return `${file}.incomplete`;
}

/**
 * Replaces a file by a new database, completely or not at all. Returns the result of `write`.
 *
 * @param write writes the database under the given name
 * @param clear removes the former file, once the new one is durable
 */
export function putInPlace<R>(file: string, write: (temporary: string) => R, clear: () => void): R {
  const temporary = temporaryOf(file);
  try {
    removeWithCompanions(temporary);
    const written = write(temporary);
    syncFile(temporary);
    clear();
    renameSync(temporary, file);
    syncFile(dirname(file));
    return written;
  } finally {
    removeWithCompanions(temporary);
  }
}
