import type * as nodeFs from 'node:fs';
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { emptyHead } from '../../src/ledger/head.ts';
import { backUpLedger, restoreLedger } from '../../src/store/backup.ts';
import { recoverLedger } from '../../src/store/salvage/recover.ts';
import { createLedgerFile } from '../../src/store/sqlite/file.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { readLedgerFile } from '../support/ledger/read-ledger.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** Called before a name in a directory changes: what is there then is what a kill would leave. */
const watch = vi.hoisted(() => ({ beforeChange: () => {} }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof nodeFs>();
  return {
    ...fs,
    renameSync(from: string, to: string) {
      watch.beforeChange();
      fs.renameSync(from, to);
    },
    linkSync(from: string, to: string) {
      watch.beforeChange();
      fs.linkSync(from, to);
    },
    rmSync(path: string, options?: Parameters<typeof fs.rmSync>[1]) {
      watch.beforeChange();
      fs.rmSync(path, options);
    },
  };
});

beforeEach(() => {
  watch.beforeChange = () => {};
});

const COUNT = 200;
const NOW = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const RECOVER = { newEpoch: 'recovered', newId: () => 'id', now: NOW };
const RESTORE = { newEpoch: 'restored', now: NOW };

/** A ledger as a kill leaves it before its first checkpoint. */
function youngDirectory(): string {
  const directory = tempDir();
  const store = openSqliteStore(directory);
  store.load();
  // As when it is opened for the first time.
  store.commit({ events: [], drop: [], head: emptyHead('epoch') });
  for (let position = 1; position <= COUNT; position += 1) {
    const event = { kind: 'trials_paused', timeMs: position, paused: true } as const;
    const head = { ...emptyHead('epoch'), position, storedEvents: position };
    store.commit({ events: [{ position, event }], drop: [], head });
  }
  const copy = join(tempDir(), 'copy');
  cpSync(directory, copy, { recursive: true });
  store.close();
  return copy;
}

function closedDirectory(): string {
  const directory = youngDirectory();
  openSqliteStore(directory).close();
  return directory;
}

function countIn(directory: string): number | undefined {
  const store = openSqliteStore(directory);
  try {
    const events = store.load()?.events;
    return events && [...events].length;
  } finally {
    store.close();
  }
}

function flip(file: string, place: number): void {
  const bytes = readFileSync(file);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

test.each<readonly [string, (wal: string) => void]>([
  ['removed', rmSync],
  ['emptied', (wal) => truncateSync(wal, 0)],
  ['cut off', (wal) => truncateSync(wal, 100)],
  ['damaged at its beginning', (wal) => flip(wal, 10)],
])('a young ledger whose log is %s is refused', (_name, damage) => {
  const directory = youngDirectory();
  damage(join(directory, 'ledger.db-wal'));
  expect(() => openSqliteStore(directory)).toThrow(
    /ledger\.db is corrupt: it .*, but events up to 200 had been committed.*--recover/,
  );
  const { report } = recoverLedger(directory, RECOVER) ?? {};
  expect(report).toMatchObject({ head: 'older', lostEvents: COUNT });
  expect(countIn(directory)).toBe(0);
});

test('so is one of which nothing but its mark is left, unless that goes, too', () => {
  const directory = closedDirectory();
  rmSync(join(directory, 'ledger.db'));
  expect(() => openSqliteStore(directory)).toThrow(
    /ledger\.db is corrupt: it is gone, but events up to 200 .*remove .*ledger\.mark/,
  );
  expect(existsSync(join(directory, 'ledger.db'))).toBe(false);
  expect(() => recoverLedger(directory, RECOVER)).toThrow(
    /nothing of .*ledger\.db can be salvaged: it is gone. Restore a backup/,
  );
  rmSync(join(directory, 'ledger.mark'));
  expect(countIn(directory)).toBeUndefined();
});

test('a file without a head is refused where something had been committed', () => {
  const directory = closedDirectory();
  rmSync(join(directory, 'ledger.db'));
  const mark = readFileSync(join(directory, 'ledger.mark'));
  rmSync(join(directory, 'ledger.mark'));
  createLedgerFile(join(directory, 'ledger.db'));
  // As a kill leaves it before the first commit.
  expect(countIn(directory)).toBeUndefined();
  writeFileSync(join(directory, 'ledger.mark'), mark);
  expect(() => openSqliteStore(directory)).toThrow(/it is empty, but events up to 200 had been/);
});

test('links that lead nowhere and what is no file are named, and left alone', () => {
  const directory = tempDir();
  const file = join(directory, 'ledger.db');
  const backup = join(closedDirectory(), 'ledger.db');
  const openers = [
    () => openSqliteStore(directory),
    () => recoverLedger(directory, RECOVER),
    () => restoreLedger(backup, directory, { ...RESTORE, force: true }),
  ];
  symlinkSync(join(directory, 'gone'), file);
  for (const open of openers) expect(open).toThrow(/ledger\.db is a link to what is not there/);
  expect(readdirSync(directory).sort()).toEqual(['ledger.db', 'lock']);
  rmSync(file);
  symlinkSync(backup, file);
  for (const open of openers) expect(open).toThrow(/ledger\.db is a link: move the file here/);
  rmSync(file);
  mkdirSync(file);
  for (const open of openers) expect(open).toThrow(/ledger\.db is not a file/);
  const link = join(tempDir(), 'link');
  symlinkSync(join(directory, 'gone'), link);
  expect(() => openSqliteStore(link)).toThrow(/link is a link to what is not there/);
  expect(() => openSqliteStore(backup)).toThrow(/ledger\.db is not a directory/);
});

test('a ledger that has two names is refused by both, until one is a copy', () => {
  const directory = closedDirectory();
  const other = tempDir();
  const [file, second] = [join(directory, 'ledger.db'), join(other, 'ledger.db')];
  linkSync(file, second);
  expect(() => openSqliteStore(directory)).toThrow(/ledger\.db has 2 names \(hard links\)/);
  expect(() => openSqliteStore(other)).toThrow(/ledger\.db has 2 names/);
  rmSync(second);
  copyFileSync(file, second);
  expect(countIn(directory)).toBe(200);
});

/** The directory as a kill would leave it at each moment of some work. */
function kills(directory: string, work: () => void): string[] {
  const moments: string[] = [];
  watch.beforeChange = () => {
    const moment = join(tempDir(), 'moment');
    cpSync(directory, moment, { recursive: true });
    moments.push(moment);
  };
  work();
  watch.beforeChange = () => {};
  return moments;
}

test('a kill during --recover loses nothing, however often it happens', () => {
  const directory = youngDirectory();
  flip(join(directory, 'ledger.db-wal'), 32 + 100 * (4096 + 24) + 2000);
  const whole = join(tempDir(), 'whole');
  cpSync(directory, whole, { recursive: true });
  const { report } = recoverLedger(whole, RECOVER) ?? {};
  expect(report?.keptEvents.trials_paused).toBeGreaterThan(30);
  const once = kills(directory, () => recoverLedger(directory, RECOVER));
  expect(once.length).toBeGreaterThan(4);
  for (const killed of once) {
    for (const again of kills(killed, () => recoverLedger(killed, RECOVER))) {
      checkKilled(again, report?.keptEvents.trials_paused);
    }
    checkKilled(killed, report?.keptEvents.trials_paused);
  }
});

/** Refused, and then recovered, or whole. */
function checkKilled(directory: string, expected: number | undefined): void {
  const copy = join(tempDir(), 'copy');
  cpSync(directory, copy, { recursive: true });
  let count: number | undefined;
  try {
    count = countIn(copy);
  } catch (error) {
    expect(String(error)).toMatch(/is corrupt/);
    count = expected;
  }
  expect(count).toBe(expected);
  recoverLedger(directory, RECOVER);
  expect(countIn(directory)).toBe(expected);
}

test('a kill during restore --force leaves the former ledger or the restored one, whole', async () => {
  const directory = youngDirectory();
  const older = closedDirectory();
  const backup = join(tempDir(), 'backup');
  await backUpLedger(older, backup, { force: false });
  const work = () => restoreLedger(backup, directory, { ...RESTORE, force: true });
  const epochs = kills(directory, work).map((killed) => {
    expect(countIn(killed)).toBe(COUNT);
    expect(readdirSync(killed)).not.toContain('ledger.db.moving');
    return readLedgerFile(join(killed, 'ledger.db'))?.head.epoch;
  });
  expect(new Set(epochs)).toEqual(new Set(['epoch', 'restored']));
});

test('what could not be put in place leaves the former ledger there', () => {
  const directory = youngDirectory();
  const backup = join(closedDirectory(), 'ledger.db');
  watch.beforeChange = () => {
    if (existsSync(join(directory, 'ledger.db'))) return;
    watch.beforeChange = () => {};
    throw new Error('no room for a name');
  };
  const restore = () => restoreLedger(backup, directory, { ...RESTORE, force: true });
  expect(restore).toThrow('no room for a name');
  expect(countIn(directory)).toBe(COUNT);
  expect(readdirSync(directory).sort()).toEqual(['ledger.db', 'ledger.mark', 'lock']);
});

test('a file to restore from is taken with the log beside it', () => {
  const source = youngDirectory();
  const directory = tempDir();
  restoreLedger(join(source, 'ledger.db'), directory, { ...RESTORE, force: false });
  expect(countIn(directory)).toBe(COUNT);
});

test('a log without its file is kept aside when a backup is restored', () => {
  const directory = youngDirectory();
  const backup = join(closedDirectory(), 'ledger.db');
  copyFileSync(join(directory, 'ledger.db-wal'), join(directory, 'precious'));
  rmSync(join(directory, 'ledger.db'));
  const { movedTo } = restoreLedger(backup, directory, { ...RESTORE, force: false });
  expect(readFileSync(`${movedTo}-wal`)).toEqual(readFileSync(join(directory, 'precious')));
  expect(countIn(directory)).toBe(COUNT);
});
