import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { emptyHead } from '../../../src/ledger/head.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { tempDir } from '../../support/sidecar/temp-dir.ts';

const COUNT = 4000;
const MIB = 2 ** 20;

function sizeOf(directory: string, suffix = ''): number {
  return statSync(join(directory, `ledger.db${suffix}`)).size;
}

/** A store whose events take up 4 MiB. */
function fullStore(directory = tempDir()) {
  const store = openSqliteStore(directory);
  onTestFinished(() => store.close());
  store.load();
  const parameters = { a: 'x'.repeat(1000) };
  const event = { kind: 'parameters_declared', timeMs: 1, parameters } as const;
  const events = Array.from({ length: COUNT }, (_, i) => ({ position: i + 1, event }));
  store.commit({ events, drop: [], head: headOf(COUNT) });
  return { directory, store };
}

function headOf(storedEvents: number) {
  return { ...emptyHead('e'), position: COUNT, storedEvents };
}

function empty(store: ReturnType<typeof openSqliteStore>) {
  const drop = Array.from({ length: COUNT }, (_, i) => i + 1);
  store.commit({ events: [], drop, head: headOf(0) });
}

/** Writes what the log holds into the file, as SQLite does by itself now and then. */
function checkpoint(directory: string): void {
  const db = new DatabaseSync(join(directory, 'ledger.db'));
  db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  db.close();
}

test('a file shrinks by itself, some with each commit', () => {
  const { directory, store } = fullStore();
  checkpoint(directory);
  expect(sizeOf(directory)).toBeGreaterThan(4 * MIB);
  empty(store);
  checkpoint(directory);
  const once = sizeOf(directory);
  expect(once).toBeGreaterThan(1.5 * MIB);
  for (let i = 0; i < 3; i += 1) store.commit({ events: [], drop: [], head: headOf(0) });
  checkpoint(directory);
  expect(sizeOf(directory)).toBeLessThan(1.5 * MIB);
});

test('so does one that an earlier release made, at once', () => {
  const { directory, store } = fullStore();
  store.close();
  const db = new DatabaseSync(join(directory, 'ledger.db'));
  db.exec('PRAGMA auto_vacuum = NONE; VACUUM; PRAGMA user_version = 1');
  db.close();
  const again = openSqliteStore(directory);
  onTestFinished(() => again.close());
  again.load();
  empty(again);
  checkpoint(directory);
  expect(sizeOf(directory)).toBeLessThan(MIB);
});

test('the write-ahead log shrinks after a reader has gone', () => {
  const { directory, store } = fullStore();
  const reader = new DatabaseSync(join(directory, 'ledger.db'), { readOnly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM events').get();
  const parameters = { a: 'x'.repeat(100_000) };
  const event = { kind: 'parameters_declared', timeMs: 1, parameters } as const;
  for (let i = 1; i <= 100; i += 1) {
    const head = { ...emptyHead('e'), position: COUNT + i, storedEvents: COUNT + i };
    store.commit({ events: [{ position: COUNT + i, event }], drop: [], head });
  }
  expect(sizeOf(directory, '-wal')).toBeGreaterThan(10 * MIB);
  reader.close();
  const last = { ...emptyHead('e'), position: COUNT + 100, storedEvents: COUNT + 100 };
  for (let i = 0; i < 2; i += 1) store.commit({ events: [], drop: [], head: last });
  expect(sizeOf(directory, '-wal')).toBeLessThanOrEqual(4 * MIB);
});
