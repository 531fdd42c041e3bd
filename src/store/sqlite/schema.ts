import type { DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from '../../ledger/store.ts';
import { corruptLedger } from './open-error.ts';
import { inTransaction } from './transaction.ts';

/** "LSLG", by which this program and the command `file` recognize a ledger. */
const APPLICATION_ID = 0x4c534c47;

/** What each schema version adds; a ledger of version n gets the entries from index n on. Never edit an entry. */
const MIGRATIONS: readonly string[] = [
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
  // Events `task_ids_kept`, which earlier releases do not know.
  '',
];

/** No release will ever have a greater version: a greater number is damage. */
const LAST_VERSION = 1000;

/** Migrates the database to the newest schema, in one transaction. Throws `LedgerOpenError`. */
export function migrate(db: DatabaseSync, file: string): void {
  const version = checkSchema(db, file);
  if (version === MIGRATIONS.length) return;
  // This must be set before there are tables; it lets commits return free pages to the file system.
  if (version === 0) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  inTransaction(db, () => {
    for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

/** Checks the schema of a database that is only read: all versions so far have the same tables. */
export function requireSchema(db: DatabaseSync, file: string): void {
  if (checkSchema(db, file) === 0) throw new LedgerOpenError(`${file} holds no ledger`);
}

/** Returns the schema's version; 0 if nothing has been written yet. */
function checkSchema(db: DatabaseSync, file: string): number {
  const version = numberOf(db, 'PRAGMA user_version');
  const application = numberOf(db, 'PRAGMA application_id');
  const tables = numberOf(db, 'SELECT count(*) FROM sqlite_schema');
  const ours = numberOf(
    db,
    "SELECT count(*) FROM sqlite_schema WHERE name IN ('events', 'head') AND type = 'table'",
  );
  if (application !== APPLICATION_ID && (application !== 0 || tables > 0)) {
    if (ours === 2) throw corruptLedger(file, 'its application id is damaged');
    throw new LedgerOpenError(`${file} is another program's database`);
  }
  if (version < 0 || version > LAST_VERSION || (version === 0 && ours > 0)) {
    throw corruptLedger(file, `${version} is no version of its schema`);
  }
  if (version > MIGRATIONS.length) {
    throw new LedgerOpenError(
      `${file} was written by a newer learning-sidecar (schema ${version}; this one knows ` +
        `${MIGRATIONS.length}): run that version, or restore a backup made by this one`,
    );
  }
  return version;
}

function numberOf(db: DatabaseSync, query: string): number {
  return Number(Object.values(db.prepare(query).get() ?? {})[0]);
}
