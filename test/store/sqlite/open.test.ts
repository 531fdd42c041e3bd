import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { emptyHead } from '../../../src/ledger/head.ts';
import { LedgerCorruptError, LedgerOpenError } from '../../../src/ledger/store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { taskOf } from '../../support/engine/engine-fixture.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sqlite-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A ledger with one event of each of two kinds, closed. */
function writeLedger(): void {
  const store = openSqliteStore(directory);
  const events = [
    { position: 1, event: { kind: 'parameters_declared', timeMs: 1, parameters: { a: 1 } } },
    { position: 2, event: { kind: 'tasks_recorded', tasks: [taskOf({ taskId: 't' })] } },
  ] as const;
  const head = { ...emptyHead('epoch'), position: 2, storedEvents: 2 };
  store.commit({ events, drop: [], head });
  store.close();
}

function tamper(sql: string): void {
  const db = new DatabaseSync(join(directory, 'ledger.db'));
  db.exec(sql);
  db.close();
}

function loadAll(): void {
  const store = openSqliteStore(directory);
  try {
    for (const _ of store.load()?.events ?? []);
  } finally {
    store.close();
  }
}

describe('a ledger that is not what was written', () => {
  test.each([
    ['a changed event', `UPDATE events SET body = replace(body, '"t"', '"u"') WHERE position = 2`],
    ['a moved event', 'UPDATE events SET position = 7 WHERE position = 2'],
    ['an event of another kind', `UPDATE events SET kind = 'cycle_completed' WHERE position = 2`],
    ['a changed head', `UPDATE head SET body = replace(body, 'epoch"', 'Epoch"')`],
    ['a head that is gone', 'DELETE FROM head'],
  ])('%s is found on load', (_name, sql) => {
    writeLedger();
    expect(loadAll).not.toThrow();
    tamper(sql);
    expect(loadAll).toThrow(LedgerCorruptError);
    expect(loadAll).toThrow(/ledger\.db is corrupt: .*Restore a backup/);
  });

  test('a file that is no database is named', () => {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'ledger.db'), 'not a database, but long enough to look like one');
    expect(() => openSqliteStore(directory)).toThrow(/ledger\.db is corrupt/);
  });

  test("another program's database is left alone", () => {
    tamper('PRAGMA application_id = 42; CREATE TABLE theirs (x)');
    expect(() => openSqliteStore(directory)).toThrow(/another program's database/);
  });
});

test('a newer schema is refused, and says what to do', () => {
  writeLedger();
  tamper('PRAGMA user_version = 999');
  expect(loadAll).toThrow(/written by a newer learning-sidecar \(schema 999; this one knows 2\)/);
});

test('a second opener of one directory is refused until the first has closed', () => {
  const first = openSqliteStore(directory);
  expect(() => openSqliteStore(directory)).toThrow(LedgerOpenError);
  expect(() => openSqliteStore(directory)).toThrow(/in use by another learning-sidecar/);
  first.close();
  openSqliteStore(directory).close();
});

test('a directory that cannot be made is named', () => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => openSqliteStore(join(file, 'below'))).toThrow(/cannot be opened: .*ENOTDIR/);
});

test('a commit that fails changes nothing', () => {
  const store = openSqliteStore(directory);
  const head = { ...emptyHead('epoch'), position: 1, storedEvents: 1 };
  const event = { kind: 'parameters_declared', timeMs: 1, parameters: {} } as const;
  store.commit({ events: [{ position: 1, event }], drop: [], head });
  const twice = [
    { position: 2, event },
    { position: 1, event },
  ];
  const later = { ...head, position: 2, storedEvents: 2 };
  expect(() => store.commit({ events: twice, drop: [], head: later })).toThrow(/UNIQUE/);
  expect([...(store.load()?.events ?? [])]).toHaveLength(1);
  store.commit({ events: [{ position: 2, event }], drop: [], head: later });
  expect(store.load()?.head).toEqual(later);
  store.close();
});
