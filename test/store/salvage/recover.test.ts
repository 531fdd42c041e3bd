import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { emptyHead } from '../../../src/ledger/head.ts';
import { recoverLedger } from '../../../src/store/salvage/recover.ts';
import { openSqliteStore, readLedgerFile } from '../../../src/store/sqlite/open.ts';
import { taskOf } from '../../support/engine-fixture.ts';
import { tempDir } from '../../support/temp-dir.ts';

const PAGE_BYTES = 4096;
const COUNT = 300;
const EVENTS_A_COMMIT = 6;

/** Rows of many sizes, of which some need pages of their own. */
function textOf(position: number): string {
  return 'x'.repeat(position % 50 === 0 ? 10_000 + position : 200 + position);
}

function eventAt(position: number) {
  const tasks = [taskOf({ taskId: textOf(position), finishTimeMs: 0 })];
  return { position, event: { kind: 'tasks_recorded', tasks } as const };
}

/** A ledger as it is while a sidecar serves from it: its newest part is in the log. */
function liveDirectory(): string {
  const directory = tempDir();
  const store = openSqliteStore(directory);
  // As when it is opened for the first time.
  store.commit({ events: [], drop: [], head: emptyHead('epoch') });
  for (let from = 1; from <= COUNT; from += EVENTS_A_COMMIT) {
    const events = Array.from({ length: EVENTS_A_COMMIT }, (_, i) => eventAt(from + i));
    const position = from + EVENTS_A_COMMIT - 1;
    const head = { ...emptyHead('epoch'), position, storedEvents: position };
    head.counters = { ...head.counters, tasksRecorded: position };
    store.commit({ events, drop: [], head });
  }
  const copy = tempDir();
  cpSync(directory, copy, { recursive: true });
  store.close();
  return copy;
}

/** As after a clean stop: all is in the file. */
function closedDirectory(): string {
  const directory = liveDirectory();
  openSqliteStore(directory).close();
  expect(existsSync(join(directory, 'ledger.db-wal'))).toBe(false);
  return directory;
}

function recover(directory: string) {
  return recoverLedger(directory, {
    newEpoch: 'recovered',
    newId: () => 'id',
    now: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
  });
}

function change(file: string, how: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file);
  how(bytes);
  writeFileSync(file, bytes);
}

function positionsIn(directory: string): number[] {
  const stored = readLedgerFile(join(directory, 'ledger.db'));
  return [...(stored?.events ?? [])].map(({ position }) => position);
}

function loadAll(directory: string): void {
  const store = openSqliteStore(directory);
  try {
    for (const _ of store.load()?.events ?? []);
  } finally {
    store.close();
  }
}

test('a sound ledger is left as it is, and so is an empty directory', () => {
  const directory = closedDirectory();
  const before = readFileSync(join(directory, 'ledger.db'));
  expect(recover(directory)).toBeUndefined();
  expect(readFileSync(join(directory, 'ledger.db'))).toEqual(before);
  expect(readdirSync(directory).filter((name) => name.includes('corrupt'))).toEqual([]);
  const empty = tempDir();
  expect(recover(empty)).toBeUndefined();
  expect(readdirSync(empty)).toEqual(['lock']);
  // With a log that has still to be taken up.
  expect(recover(liveDirectory())).toBeUndefined();
});

test.each([
  ['the header', 1],
  ['the root of the events', 2],
])('%s is lost, and nothing with it', (_name, page) => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  change(file, (bytes) => bytes.fill(0, (page - 1) * PAGE_BYTES, page * PAGE_BYTES));
  const damaged = readFileSync(file);
  expect(() => loadAll(directory)).toThrow(/ledger\.db is corrupt: .*--recover/);
  const { movedTo, report, fault } = recover(directory) ?? {};
  expect(fault).toContain('ledger.db is corrupt');
  expect(movedTo).toBe(`${file}.corrupt-2026-01-02T03-04-05-000Z`);
  expect(readFileSync(movedTo ?? '')).toEqual(damaged);
  expect(report).toMatchObject({ head: 'intact', lostEvents: 0, keptTasks: COUNT });
  expect(positionsIn(directory)).toHaveLength(COUNT);
  const { head } = readLedgerFile(file) ?? {};
  expect(head).toMatchObject({ epoch: 'recovered', position: COUNT });
  expect(head?.counters.tasksRecorded).toBe(COUNT);
  loadAll(directory);
});

test('the head is lost: counters are what events prove, and numbers are not used again', () => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  change(file, (bytes) => bytes.fill(0, 2 * PAGE_BYTES, 3 * PAGE_BYTES));
  const { report } = recover(directory) ?? {};
  expect(report).toMatchObject({ head: 'lost', keptEvents: { tasks_recorded: COUNT } });
  const { head } = readLedgerFile(file) ?? {};
  expect(head?.counters.tasksRecorded).toBe(COUNT);
  expect(head?.sequence).toBeGreaterThan(0);
  expect(head?.position).toBe(COUNT);
});

test('one row is lost, alone', () => {
  const directory = closedDirectory();
  const db = new DatabaseSync(join(directory, 'ledger.db'));
  db.exec("UPDATE events SET body = replace(body, 'xxx', 'yyy') WHERE position = 123");
  db.close();
  const { report } = recover(directory) ?? {};
  expect(report).toMatchObject({ lostEvents: 1, lostPositions: ['123'], head: 'intact' });
  expect(positionsIn(directory)).not.toContain(123);
  expect(positionsIn(directory)).toHaveLength(COUNT - 1);
});

test('of a row that needs pages of its own, one is lost', () => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  const body = Buffer.from('x'.repeat(4000));
  change(file, (bytes) => bytes.write('y', bytes.lastIndexOf(body) + 2000));
  expect(recover(directory)?.report).toMatchObject({ lostEvents: 1 });
});

test('a log that is damaged in its middle is salvaged behind that, too', () => {
  const directory = liveDirectory();
  change(join(directory, 'ledger.db-wal'), (bytes) => {
    const place = 32 + 100 * (PAGE_BYTES + 24) + 2000;
    bytes[place] = (bytes[place] ?? 0) ^ 1;
  });
  expect(() => loadAll(directory)).toThrow(/it ends at event \d+, but events up to 300 had been/);
  // Refused before anything could be lost by it.
  const { report, movedTo } = recover(directory) ?? {};
  expect(report?.lostEvents).toBeLessThanOrEqual(1);
  expect(report?.head).toBe('intact');
  expect(existsSync(`${movedTo}-wal`)).toBe(true);
});

test('a log that is cut off: what was committed is known to be missing', () => {
  const directory = liveDirectory();
  const wal = join(directory, 'ledger.db-wal');
  truncateSync(wal, 32 + 100 * (PAGE_BYTES + 24) + 77);
  expect(() => loadAll(directory)).toThrow(/events up to 300 had been committed/);
  const { report } = recover(directory) ?? {};
  const kept = positionsIn(directory).length;
  expect(kept).toBeLessThan(COUNT);
  expect(report).toMatchObject({ head: 'older', lostEvents: COUNT - kept });
  expect(report?.lostPositions).toEqual([`${kept + 1}-300`]);
});

test('a file that is gone or empty, and its log is not', () => {
  for (const damage of [rmSync, (file: string) => truncateSync(file, 0)]) {
    const directory = liveDirectory();
    damage(join(directory, 'ledger.db'));
    expect(() => openSqliteStore(directory)).toThrow(/it is gone, and its|it is empty/);
    expect(existsSync(join(directory, 'ledger.db-wal'))).toBe(true);
    const { report } = recover(directory) ?? {};
    expect(report?.keptTasks).toBeGreaterThan(0);
    loadAll(directory);
  }
});

test('nothing is left: a ledger of its own begins', () => {
  const directory = closedDirectory();
  writeFileSync(join(directory, 'ledger.db'), 'no database, but long enough to look like one');
  const { report } = recover(directory) ?? {};
  expect(report).toMatchObject({ head: 'lost', keptEvents: {}, lostEvents: undefined });
  loadAll(directory);
});

test('an older ledger put in place of a newer one is noticed', () => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  const older = join(tempDir(), 'older');
  copyFileSync(file, older);
  const store = openSqliteStore(directory);
  const head = { ...emptyHead('epoch'), position: COUNT + 1, storedEvents: COUNT };
  store.load();
  store.commit({ events: [], drop: [], head });
  store.close();
  copyFileSync(older, file);
  expect(() => openSqliteStore(directory)).toThrow(/ends at event 300, but events up to 301 had/);
});

test('what is not a ledger of ours is not recovered', () => {
  const directory = tempDir();
  const db = new DatabaseSync(join(directory, 'ledger.db'));
  db.exec('PRAGMA application_id = 42; CREATE TABLE theirs (x)');
  db.close();
  expect(() => recover(directory)).toThrow(/another program's database/);
  const newer = closedDirectory();
  const later = new DatabaseSync(join(newer, 'ledger.db'));
  later.exec('PRAGMA user_version = 2');
  later.close();
  expect(() => recover(newer)).toThrow(/newer learning-sidecar/);
  const busy = closedDirectory();
  const store = openSqliteStore(busy);
  expect(() => recover(busy)).toThrow(/in use by another/);
  store.close();
});
