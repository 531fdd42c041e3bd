import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** The ledger's file in its data directory. */
export const LEDGER_FILE = 'ledger.db';

/** What SQLite may keep beside a database. */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** Of a directory: the names in it. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A journal of another database beside this one would be taken for its own. */
export function removeCompanions(file: string): void {
  for (const suffix of COMPANIONS) rmSync(`${file}${suffix}`, { force: true });
}

export function removeWithCompanions(file: string): void {
  rmSync(file, { force: true });
  removeCompanions(file);
}

/** What a database is called while it is written. */
export function temporaryOf(file: string): string {
  return `${file}.incomplete`;
}

/**
 * Puts a new database in a file's place, which is there whole or not at all. Answers what `write`
 * does.
 *
 * @param write makes it, under the name given
 * @param clear takes away what is in its place, once the new one is safe
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
