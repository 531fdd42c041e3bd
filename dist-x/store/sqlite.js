import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { decodeEvent, encodeEvent } from '../ledger/codec.js';
import { LedgerCorruptError, LedgerOpenError, } from '../ledger/store.js';
import { lockDirectory } from './directory-lock.js';
import { migrate } from './sqlite-schema.js';
/** The ledger's file in its data directory. */
export const LEDGER_FILE = 'ledger.db';
/** Opens, or creates, the ledger of a data directory. Throws `LedgerOpenError`. */
export function openSqliteStore(directory) {
    const file = join(directory, LEDGER_FILE);
    const unlock = prepareDirectory(directory);
    try {
        return createStore(openDatabase(file), file, unlock);
    }
    catch (error) {
        unlock();
        throw error;
    }
}
/** Reads a ledger file without locking its directory. Throws `LedgerOpenError`. */
export function readLedgerFile(file) {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
        migrate(db, file);
        const stored = load(db, file);
        return stored && { head: stored.head, events: [...stored.events] };
    }
    catch (error) {
        throw asOpenError(error, file);
    }
    finally {
        db.close();
    }
}
function prepareDirectory(directory) {
    try {
        mkdirSync(directory, { recursive: true });
        return lockDirectory(directory);
    }
    catch (error) {
        throw asOpenError(error, directory);
    }
}
function openDatabase(file) {
    let db;
    try {
        db = new DatabaseSync(file, { timeout: 5000 });
        // FULL: what is acknowledged survives a power cut, not only the end of the process.
        db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -2000');
        migrate(db, file);
        return db;
    }
    catch (error) {
        db?.close();
        throw asOpenError(error, file);
    }
}
function createStore(db, file, unlock) {
    const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?)');
    const remove = db.prepare('DELETE FROM events WHERE position = ?');
    const setHead = db.prepare('INSERT OR REPLACE INTO head VALUES (1, ?, ?)');
    const write = ({ events, drop, head }) => {
        for (const { position, event } of events) {
            const body = encodeEvent(event);
            insert.run(position, event.kind, body, checksum(position, event.kind, body));
        }
        for (const position of drop)
            remove.run(position);
        const body = JSON.stringify(head);
        setHead.run(body, checksum(0, 'head', body));
    };
    return {
        load: () => load(db, file),
        commit(commit) {
            db.exec('BEGIN IMMEDIATE');
            try {
                write(commit);
                db.exec('COMMIT');
            }
            catch (error) {
                if (db.isTransaction)
                    db.exec('ROLLBACK');
                throw error;
            }
        },
        sizeBytes: () => sizeOf(file) + sizeOf(`${file}-wal`),
        close() {
            db.close();
            unlock();
        },
    };
}
function load(db, file) {
    const row = guard(file, () => db.prepare('SELECT body, checksum FROM head WHERE id = 1').get());
    if (row === undefined) {
        const left = guard(file, () => db.prepare('SELECT count(*) AS n FROM events').get());
        if (Number(left?.['n']) > 0)
            throw corrupt(file, 'its head is missing');
        return undefined;
    }
    const body = String(row['body']);
    if (row['checksum'] !== checksum(0, 'head', body))
        throw corrupt(file, 'its head is damaged');
    // Written by `commit` and vouched for by the checksum.
    return { head: JSON.parse(body), events: readEvents(db, file) };
}
function* readEvents(db, file) {
    const rows = db.prepare('SELECT position, kind, body, checksum FROM events ORDER BY position');
    const iterator = guard(file, () => rows.iterate());
    for (;;) {
        const next = guard(file, () => iterator.next());
        if (next.done)
            return;
        const position = Number(next.value['position']);
        const kind = String(next.value['kind']);
        const body = String(next.value['body']);
        if (next.value['checksum'] !== checksum(position, kind, body)) {
            throw corrupt(file, `event ${position} (${kind}) is damaged`);
        }
        yield { position, event: guard(file, () => decodeEvent(kind, body)) };
    }
}
/** Over all that identifies a record, so that a row cannot pass for another. */
function checksum(position, kind, body) {
    return crc32(body, crc32(`${position}:${kind}:`));
}
function corrupt(file, what, cause) {
    return new LedgerCorruptError(`${file} is corrupt: ${what}. Restore a backup, or move the file aside to start anew`, { cause });
}
function guard(file, read) {
    try {
        return read();
    }
    catch (error) {
        throw corrupt(file, messageOf(error), error);
    }
}
function asOpenError(error, path) {
    if (error instanceof LedgerOpenError)
        return error;
    const text = messageOf(error);
    return /malformed|not a database/.test(text)
        ? corrupt(path, text, error)
        : new LedgerOpenError(`${path} cannot be opened: ${text}`, { cause: error });
}
function messageOf(error) {
    return error instanceof Error ? error.message : String(error);
}
function sizeOf(file) {
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
//# sourceMappingURL=sqlite.js.map