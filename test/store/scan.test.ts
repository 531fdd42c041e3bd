import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { emptyHead } from '../../src/ledger/head.ts';
import { LEDGER_FILE } from '../../src/store/disk/files.ts';
import { scanLedger } from '../../src/store/scan.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { checksum } from '../../src/store/sqlite/rows.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

const PAUSED = { kind: 'trials_paused', timeMs: 1, paused: true } as const;

/** A ledger of some tasks and two events, closed. */
function writeLedger(): string {
  const directory = tempDir();
  const store = openSqliteStore(directory);
  const tasks = [taskOf({ taskId: 'näme' })];
  const events = [
    { position: 1, event: { kind: 'tasks_recorded', tasks } },
    { position: 2, event: PAUSED },
    { position: 4, event: { ...PAUSED, paused: false } },
  ] as const;
  store.commit({ events, drop: [], head: { ...emptyHead('e'), position: 4, storedEvents: 3 } });
  store.close();
  return directory;
}

function tamper(directory: string, sql: string, ...values: (string | number)[]): void {
  const db = new DatabaseSync(join(directory, LEDGER_FILE));
  db.prepare(sql).run(...values);
  db.close();
}

/** The position and the fault of each row of a ledger that somebody has had their hands on. */
function faultsAfter(sql: string, ...values: (string | number)[]) {
  const directory = writeLedger();
  tamper(directory, sql, ...values);
  const { rows, faults } = scanLedger(directory);
  const damaged = rows.filter(({ fault }) => fault !== undefined);
  return [...damaged.map(({ position, fault }) => `${position}: ${fault}`), ...faults];
}

test('a ledger that is as it was written', () => {
  const { head, rows, faults } = scanLedger(writeLedger());
  expect(head?.epoch).toBe('e');
  expect(rows).toEqual([
    { position: 2, kind: 'trials_paused', content: PAUSED, fault: undefined },
    {
      ...{ position: 4, kind: 'trials_paused', fault: undefined },
      content: { ...PAUSED, paused: false },
    },
  ]);
  expect(faults).toEqual([]);
});

test('what was changed is named, and the rest is read', () => {
  const unfit = 'its checksum does not fit';
  const set = (change: string) => `UPDATE events SET ${change} WHERE position = 2`;
  expect(faultsAfter(set('checksum = checksum + 1'))).toEqual([`2: ${unfit}`]);
  expect(faultsAfter(set('checksum = checksum - 9223372036854775807'))).toEqual([`2: ${unfit}`]);
  expect(faultsAfter(set("kind = 'trials_pauseD'"))).toEqual([`2: ${unfit}`]);
  expect(faultsAfter(set('position = 3'))).toEqual([`3: ${unfit}`]);
  // Beyond what JavaScript can hold.
  expect(faultsAfter(set('position = position | (1 << 60)'))).toEqual([`${2 ** 60}: ${unfit}`]);
  expect(faultsAfter(set("body = CAST(x'ff00' AS TEXT)"))).toEqual([`2: ${unfit}`]);
  expect(faultsAfter(set("body = replace(body, 'true', 'tru')"))).toEqual([`2: ${unfit}`]);
  expect(faultsAfter("UPDATE events SET body = '[]' WHERE position = 1")).toEqual([`1: ${unfit}`]);
  expect(faultsAfter('DELETE FROM events WHERE position = 4')).toEqual([
    'it should hold 3 events, but holds 2',
  ]);
  expect(faultsAfter("UPDATE head SET body = body || ' '")).toEqual(['its head is damaged']);
  expect(faultsAfter('DELETE FROM head')).toEqual(['its head is missing']);
});

test('a row whose checksum fits is not believed for that', () => {
  const forged = (position: number, kind: string, body: string) =>
    faultsAfter(
      'UPDATE events SET position = ?, kind = ?, body = ?, checksum = ? WHERE position = 4',
      ...[position, kind, body, checksum(position, kind, body)],
    );
  const body = JSON.stringify(PAUSED);
  expect(forged(4, PAUSED.kind, body)).toEqual([]);
  expect(forged(4, PAUSED.kind, '{')).toEqual(['4: it cannot be read']);
  expect(forged(4, PAUSED.kind, 'null')).toEqual(['4: it is of another kind than it says']);
  expect(forged(4, 'tasks_recorded', body)).toEqual(['4: it is of another kind than it says']);
  expect(forged(4, PAUSED.kind, '[]')).toEqual(['4: it is of another kind than it says']);
  const twice = body.replace('{', '{"paused":false,');
  expect(forged(4, PAUSED.kind, twice)).toEqual(['4: its text is not as it was written']);
  const padded = body.replace('1', '1.0');
  expect(forged(4, PAUSED.kind, padded)).toEqual(['4: its text is not as it was written']);
  expect(forged(5, PAUSED.kind, body)).toEqual(['5: it is newer than the newest']);
});

test('a file that is broken is read where that goes', () => {
  const directory = tempDir();
  const store = openSqliteStore(directory);
  const event = { kind: 'parameters_declared', timeMs: 1, parameters: { a: 'x'.repeat(900) } };
  const events = Array.from({ length: 40 }, (_, i) => ({ position: i + 1, event }) as never);
  store.commit({ events, drop: [], head: { ...emptyHead('e'), position: 40, storedEvents: 40 } });
  store.close();
  const file = join(directory, LEDGER_FILE);
  const bytes = readFileSync(file);
  const place = bytes.length - 4096;
  writeFileSync(file, bytes.fill(0xff, place, place + 12));
  const { rows, faults } = scanLedger(directory);
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.length).toBeLessThan(40);
  expect(faults).toEqual([
    expect.stringMatching(/^nothing between positions \d+ and 41 can be read: .*malformed/),
  ]);
});

test('where there is no ledger', () => {
  const directory = tempDir();
  expect(() => scanLedger(directory)).toThrow(`${directory} holds no ledger`);
  const file = join(directory, LEDGER_FILE);
  writeFileSync(file, '');
  expect(() => scanLedger(directory)).toThrow(`${directory} holds no ledger`);
  writeFileSync(file, 'no database, but long enough to look like one, if one does not look');
  expect(() => scanLedger(directory)).toThrow(/ledger\.db is corrupt/);
  const other = writeLedger();
  tamper(other, 'PRAGMA application_id = 42');
  expect(() => scanLedger(other)).toThrow(/ledger\.db is corrupt: its application id/);
  tamper(other, 'DROP TABLE head');
  expect(() => scanLedger(other)).toThrow(/another program's database/);
});
