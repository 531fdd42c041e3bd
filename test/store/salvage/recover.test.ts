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
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { taskOf } from '../../support/engine/engine-fixture.ts';
import { readLedgerFile } from '../../support/ledger/read-ledger.ts';
import { tempDir } from '../../support/sidecar/temp-dir.ts';

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

/** Where tables begin: the second page of a file maps pages to those that point to them. */
const EVENTS_ROOT = 3;
const HEAD_ROOT = 4;

test.each([
  ['the header', (bytes: Buffer) => bytes.fill(0, 0, PAGE_BYTES), 'file is not a database'],
  ['all of it', (bytes: Buffer) => bytes.fill(0xaa), 'file is not a database'],
  ['its length', () => Buffer.alloc(0), 'it is empty'],
  [
    'every row',
    (bytes: Buffer) => bytes.fill(0, (EVENTS_ROOT - 1) * PAGE_BYTES),
    'none of its rows is sound',
  ],
])('%s is lost: that is for a backup, and nothing is touched', (_name, damage, why) => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  writeFileSync(file, damage(readFileSync(file)));
  const damaged = readFileSync(file);
  expect(() => loadAll(directory)).toThrow(/ledger\.db is corrupt: .*--recover/);
  expect(() => recover(directory)).toThrow(
    `nothing of ${file} can be salvaged: ${why}. Restore a backup`,
  );
  expect(readFileSync(file)).toEqual(damaged);
});

test('the root of the events is lost, and so are they: what is in force is known', () => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  change(file, (bytes) => bytes.fill(0, (EVENTS_ROOT - 1) * PAGE_BYTES, EVENTS_ROOT * PAGE_BYTES));
  const damaged = readFileSync(file);
  const { movedTo, report, fault } = recover(directory) ?? {};
  expect(fault).toContain('ledger.db is corrupt');
  expect(movedTo).toBe(`${file}.corrupt-2026-01-02T03-04-05-000Z`);
  expect(readFileSync(movedTo ?? '')).toEqual(damaged);
  expect(report).toMatchObject({ head: 'intact', lostEvents: COUNT, lostPositions: ['1-300'] });
  const { head } = readLedgerFile(file) ?? {};
  expect(head).toMatchObject({ epoch: 'recovered', position: COUNT });
  expect(head?.counters.tasksRecorded).toBe(COUNT);
  loadAll(directory);
});

test('pages in the middle are stepped over, and what is on both sides is kept', () => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  const pages = readFileSync(file).length / PAGE_BYTES;
  change(file, (bytes) => {
    for (const page of [10, pages >> 1, pages - 10]) {
      bytes.fill(0, (page - 1) * PAGE_BYTES, page * PAGE_BYTES);
    }
  });
  const { report } = recover(directory) ?? {};
  const kept = positionsIn(directory);
  expect(kept.length).toBeGreaterThan(0.8 * COUNT);
  expect(kept.length).toBeLessThan(COUNT);
  expect(report).toMatchObject({ head: 'intact', lostEvents: COUNT - kept.length });
  const lost = Array.from({ length: COUNT }, (_, i) => i + 1).filter((one) => !kept.includes(one));
  const ranges = (report?.lostPositions ?? []).flatMap((range) => {
    const [from = 0, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  expect(ranges).toEqual(lost);
});

test('the head is lost: counters are what events prove, and numbers are not used again', () => {
  const directory = closedDirectory();
  const file = join(directory, 'ledger.db');
  change(file, (bytes) => bytes.fill(0, (HEAD_ROOT - 1) * PAGE_BYTES, HEAD_ROOT * PAGE_BYTES));
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

test.each([
  ['cut off', (wal: string, place: number) => truncateSync(wal, place)],
  [
    'damaged in its middle',
    (wal: string, place: number) =>
      change(wal, (bytes) => {
        bytes[place] = (bytes[place] ?? 0) ^ 1;
      }),
  ],
])('a log that is %s: what was committed after that is known to be missing', (_name, damage) => {
  const directory = liveDirectory();
  damage(join(directory, 'ledger.db-wal'), 32 + 100 * (PAGE_BYTES + 24) + 2000);
  // Refused before anything could be lost by it.
  expect(() => loadAll(directory)).toThrow(/it ends at event \d+, but events up to 300 had been/);
  const { report, movedTo } = recover(directory) ?? {};
  expect(existsSync(`${movedTo}-wal`)).toBe(true);
  const kept = positionsIn(directory).length;
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(COUNT);
  expect(report).toMatchObject({ head: 'older', lostEvents: COUNT - kept });
  expect(report?.lostPositions).toEqual([`${kept + 1}-300`]);
});

test('a file that is gone or empty, and its log is not', () => {
  for (const damage of [rmSync, (file: string) => truncateSync(file, 0)]) {
    const directory = liveDirectory();
    damage(join(directory, 'ledger.db'));
    expect(() => openSqliteStore(directory)).toThrow(/it is gone, and its|it is empty/);
    expect(() => recover(directory)).toThrow(/can be salvaged: it is (gone|empty)/);
    expect(existsSync(join(directory, 'ledger.db-wal'))).toBe(true);
  }
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
  later.exec('PRAGMA user_version = 3');
  later.close();
  expect(() => recover(newer)).toThrow(/newer learning-sidecar/);
  const busy = closedDirectory();
  const store = openSqliteStore(busy);
  expect(() => recover(busy)).toThrow(/in use by another/);
  store.close();
});
