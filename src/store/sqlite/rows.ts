import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { messageOf } from '../../domain/errors.ts';
import { decodeEvent } from '../../ledger/codec.ts';
import type { StoredEvent } from '../../ledger/event.ts';
import type { Head } from '../../ledger/head.ts';
import type { StoredLedger } from '../../ledger/store.ts';
import type { EventRow } from './encoded-commit.ts';
import { corruptLedger } from './open-error.ts';

/** Writes the rows of commits; call it in a transaction. */
export interface RowWriter {
  writeEvents(rows: readonly EventRow[]): void;
  /** @param positions of events */
  drop(positions: readonly number[]): void;
  /** @param body a head as JSON */
  writeHead(body: string): void;
}

export function rowWriter(db: DatabaseSync): RowWriter {
  const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM events WHERE position = ?');
  const setHead = db.prepare('INSERT OR REPLACE INTO head VALUES (1, ?, ?)');
  return {
    writeEvents(rows) {
      for (const { position, kind, body } of rows) {
        insert.run(position, kind, body, checksum(position, kind, body));
      }
    },
    drop(positions) {
      for (const position of positions) remove.run(position);
    },
    writeHead: (body) => void setHead.run(body, checksum(0, 'head', body)),
  };
}

/** The head as JSON; `undefined` if there is none. Throws if it is damaged. */
export function readHead(db: DatabaseSync, file: string): string | undefined {
  const row = guard(file, () => db.prepare('SELECT body, checksum FROM head WHERE id = 1').get());
  if (row === undefined) return undefined;
  const body = String(row.body);
  if (row.checksum !== checksum(0, 'head', body)) throw corruptLedger(file, 'its head is damaged');
  return body;
}

/** The head of a ledger that may be damaged, or what is wrong with it. */
export function findHead(
  db: DatabaseSync,
  file: string,
): { readonly head?: Head; readonly fault?: string } {
  try {
    const body = readHead(db, file);
    return body === undefined ? { fault: 'its head is missing' } : { head: parseHead(body) };
  } catch {
    return { fault: 'its head is damaged' };
  }
}

export function parseHead(body: string): Head {
  // `commit` wrote the body, and its checksum matches.
  return JSON.parse(body) as Head;
}

/**
 * Loads the stored ledger; `undefined` if there is none. Events are read as they are iterated. Throws
 * `LedgerCorruptError`, as the iteration does.
 */
export function loadRows(db: DatabaseSync, file: string): StoredLedger | undefined {
  const body = readHead(db, file);
  if (body !== undefined) {
    const head = parseHead(body);
    return { head, events: readEvents(db, file, head.storedEvents) };
  }
  const left = guard(file, () => db.prepare('SELECT count(*) AS n FROM events').get());
  if (Number(left?.n) > 0) throw corruptLedger(file, 'its head is missing');
  return undefined;
}

/** A row of an event, whose checksum fits. */
export interface SoundRow {
  readonly position: number;
  readonly kind: string;
  readonly body: string;
}

/** Reads rows by their positions; those that are not there are left out. Throws `LedgerCorruptError`. */
export function rowReader(db: DatabaseSync, file: string) {
  const select = db.prepare('SELECT kind, body, checksum FROM events WHERE position = ?');
  return (positions: readonly number[]): SoundRow[] =>
    positions.flatMap((position) => {
      const row = guard(file, () => select.get(position));
      return row === undefined ? [] : [soundRow(file, { ...row, position })];
    });
}

/** The event of a row. Throws `LedgerCorruptError`. */
export function eventOf(file: string, { position, kind, body }: SoundRow): StoredEvent {
  return { position, event: guard(file, () => decodeEvent(kind, body)) };
}

function soundRow(file: string, row: Readonly<Record<string, unknown>>): SoundRow {
  const position = Number(row.position);
  const kind = String(row.kind);
  const body = String(row.body);
  if (row.checksum !== checksum(position, kind, body)) {
    throw corruptLedger(file, `event ${position} (${kind}) is damaged`);
  }
  return { position, kind, body };
}

/** @param expected the number of events there must be, so that a missing one is noticed */
function* readEvents(db: DatabaseSync, file: string, expected: number): Iterable<StoredEvent> {
  const rows = db.prepare('SELECT position, kind, body, checksum FROM events ORDER BY position');
  const iterator = guard(file, () => rows.iterate());
  for (let count = 0; ; count += 1) {
    const next = guard(file, () => iterator.next());
    if (next.done && count === expected) return;
    if (next.done)
      throw corruptLedger(file, `it should hold ${expected} events, but holds ${count}`);
    yield eventOf(file, soundRow(file, next.value));
  }
}

/** A checksum over the body and all that identifies a row, so that no row can pass for another. */
export function checksum(
  position: number | string,
  kind: string,
  body: string | Uint8Array,
): number {
  return crc32(body, crc32(`${position}:${kind}:`));
}

function guard<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw corruptLedger(file, messageOf(error), error);
  }
}
