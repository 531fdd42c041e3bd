import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from '../ledger/store.js';
/**
 * Keeps a second process out of a data directory, for as long as this process lives: the lock is
 * the operating system's, held through an empty database of its own, and `kill -9` frees it.
 * Answers the function that gives it back. Throws `LedgerOpenError` where it is taken.
 */
export function lockDirectory(directory) {
    const db = new DatabaseSync(join(directory, 'lock'), { timeout: 0 });
    try {
        db.exec('PRAGMA journal_mode = MEMORY');
        db.exec('BEGIN EXCLUSIVE');
    }
    catch (cause) {
        db.close();
        throw new LedgerOpenError(`${directory} is in use by another learning-sidecar: stop it, or use another --data-dir`, { cause });
    }
    return () => db.close();
}
//# sourceMappingURL=directory-lock.js.map