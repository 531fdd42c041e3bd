import { LedgerOpenError } from '../ledger/store.js';
/** "LSLG", so that `file` and we know our own from a stranger's database. */
const APPLICATION_ID = 0x4c534c47;
/** What each schema version adds; a ledger of version n gets those from n on. Never edit one. */
const MIGRATIONS = [
    `CREATE TABLE events (
     position INTEGER PRIMARY KEY,
     kind TEXT NOT NULL,
     body TEXT NOT NULL,
     checksum INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE head (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     body TEXT NOT NULL,
     checksum INTEGER NOT NULL
   ) STRICT;`,
];
/** Brings the database to the newest schema, in one transaction. Throws `LedgerOpenError`. */
export function migrate(db, file) {
    const version = pragma(db, 'user_version');
    const application = pragma(db, 'application_id');
    if (application !== 0 && application !== APPLICATION_ID) {
        throw new LedgerOpenError(`${file} is another program's database`);
    }
    if (version > MIGRATIONS.length) {
        throw new LedgerOpenError(`${file} was written by a newer learning-sidecar (schema ${version}; this one knows ` +
            `${MIGRATIONS.length}): run that version, or restore a backup made by this one`);
    }
    if (version === MIGRATIONS.length)
        return;
    db.exec('BEGIN IMMEDIATE');
    try {
        for (const migration of MIGRATIONS.slice(version))
            db.exec(migration);
        db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
        db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
        db.exec('COMMIT');
    }
    catch (error) {
        db.exec('ROLLBACK');
        throw error;
    }
}
function pragma(db, name) {
    return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
//# sourceMappingURL=sqlite-schema.js.map