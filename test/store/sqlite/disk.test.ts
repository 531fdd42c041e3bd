import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { emptyHead } from '../../../src/ledger/head.ts';
import { StoreFault, type SyncLedgerStore } from '../../../src/ledger/store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { tempDir } from '../../support/sidecar/temp-dir.ts';

const EVENT = { kind: 'trials_paused', timeMs: 1, paused: true } as const;

function commit(store: SyncLedgerStore, position: number): void {
  const head = { ...emptyHead('epoch'), position, storedEvents: position };
  store.commit({ events: [{ position, event: EVENT }], drop: [], head });
}

/** A ledger with two events in a directory of its own. */
function openLedger() {
  const directory = join(tempDir(), 'data');
  const store = openSqliteStore(directory);
  let isOpen = true;
  const close = () => {
    if (isOpen) store.close();
    isOpen = false;
  };
  onTestFinished(close);
  expect(store.load()).toBeUndefined();
  commit(store, 1);
  commit(store, 2);
  return { directory, file: join(directory, 'ledger.db'), store, close };
}

function countAfterRestart(directory: string): number | undefined {
  const store = openSqliteStore(directory);
  try {
    const stored = store.load();
    for (const _ of stored?.events ?? []);
    return stored?.head.storedEvents;
  } finally {
    store.close();
  }
}

test('a directory that is removed is noticed, and not made again; put back, all is in it', () => {
  const { directory, store, close } = openLedger();
  store.check();
  rmSync(directory, { recursive: true });
  // It does not know yet; what it says is kept all the same.
  commit(store, 3);
  expect(() => store.check()).toThrow(new StoreFault('its directory was removed'));
  expect(() => store.recover()).toThrow(new StoreFault('its directory was removed'));
  expect(existsSync(directory)).toBe(false);
  mkdirSync(directory);
  expect(store.recover()).toBe(false);
  store.check();
  commit(store, 4);
  expect(() => openSqliteStore(directory)).toThrow(/in use by another learning-sidecar/);
  close();
  expect(countAfterRestart(directory)).toBe(4);
});

test.each(['ledger.db', 'ledger.db-wal', 'ledger.db-shm'])('%s that is removed', (name) => {
  const { directory, store, close } = openLedger();
  rmSync(join(directory, name));
  commit(store, 3);
  expect(() => store.check()).toThrow(/was removed$/);
  expect(store.recover()).toBe(false);
  store.check();
  commit(store, 4);
  close();
  expect(countAfterRestart(directory)).toBe(4);
});

test('a lock that is removed is taken again, unless somebody else has it', () => {
  const { directory, store } = openLedger();
  rmSync(join(directory, 'lock'));
  store.check();
  expect(() => openSqliteStore(directory)).toThrow(/in use by another learning-sidecar/);
  rmSync(join(directory, 'lock'));
  const thief = openSqliteStore(directory);
  onTestFinished(() => thief.close());
  const fault = new StoreFault('another process has taken its directory');
  expect(() => store.check()).toThrow(fault);
  expect(() => store.recover()).toThrow(fault);
});

test('another file in its place is left alone', () => {
  const { directory, file, store, close } = openLedger();
  rmSync(file);
  writeFileSync(file, 'precious');
  const fault = new StoreFault('another file was put in its place');
  expect(() => store.check()).toThrow(fault);
  expect(() => store.recover()).toThrow(fault);
  expect(readFileSync(file, 'utf8')).toBe('precious');
  rmSync(file);
  expect(store.recover()).toBe(false);
  close();
  expect(countAfterRestart(directory)).toBe(2);
});

test('a directory that is moved away and back goes on', () => {
  const { directory, store, close } = openLedger();
  renameSync(directory, `${directory}.away`);
  expect(() => store.check()).toThrow(new StoreFault('its directory was removed'));
  renameSync(`${directory}.away`, directory);
  expect(store.recover()).toBe(false);
  commit(store, 3);
  close();
  expect(countAfterRestart(directory)).toBe(3);
});

test('what somebody else has written to is not gone on with', () => {
  const { file, store } = openLedger();
  const other = new DatabaseSync(file);
  other.exec("UPDATE head SET body = body || ' '");
  other.close();
  expect(() => store.recover()).toThrow(new StoreFault('its file was damaged'));
});

/** Makes the next COMMIT fail with a code of SQLite's, before or after it has happened. */
function failCommit(errcode: number, isDone: boolean): void {
  // Bound to the connection by `call`.
  const exec = DatabaseSync.prototype.exec;
  const spy = vi.spyOn(DatabaseSync.prototype, 'exec').mockImplementation(function (
    this: DatabaseSync,
    sql: string,
  ) {
    if (sql !== 'COMMIT') return exec.call(this, sql);
    spy.mockRestore();
    if (isDone) exec.call(this, sql);
    throw Object.assign(new Error('disk I/O error'), { errcode });
  });
  onTestFinished(() => spy.mockRestore());
}

const IO_ERROR_FSYNC = 1034;
const FULL = 13;

test.each([
  [IO_ERROR_FSYNC, 'the disk answers with an I/O error'],
  [FULL, 'the disk is full'],
])('a commit that fails by code %i, and has not happened', (code, words) => {
  const { directory, store, close } = openLedger();
  failCommit(code, false);
  expect(() => commit(store, 3)).toThrow(new StoreFault(words));
  expect(store.recover()).toBe(false);
  commit(store, 3);
  close();
  expect(countAfterRestart(directory)).toBe(3);
});

test('a commit that fails, and has happened all the same', () => {
  const { directory, store, close } = openLedger();
  failCommit(IO_ERROR_FSYNC, true);
  expect(() => commit(store, 3)).toThrow(StoreFault);
  expect(store.recover()).toBe(true);
  commit(store, 4);
  close();
  expect(countAfterRestart(directory)).toBe(4);
});

test('nothing is left beside the ledger', () => {
  const { directory, store, close } = openLedger();
  failCommit(FULL, false);
  expect(() => commit(store, 3)).toThrow(StoreFault);
  store.recover();
  close();
  expect(readdirSync(directory).sort()).toEqual(['ledger.db', 'ledger.mark', 'lock']);
});
