import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { messageOf } from '../../domain/errors.ts';
import { decodeEvent } from '../../ledger/codec.ts';
import type { StoredEvent } from '../../ledger/event.ts';
import type { Head } from '../../ledger/head.ts';
import type { StoredLedger } from '../../ledger/store.ts';
import type { EventRow } from './encoded-commit.ts';
import { corruptLedger } from './open-error.ts';

/** Writes the rows of commits; to be called in a transaction. */
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

/** The head as JSON; `undefined`: there is none. Throws where it is damaged. */
export function readHead(db: DatabaseSync, file: string): string | undefined {
  const row = guard(file, () => db.prepare('SELECT body, checksum FROM head WHERE id = 1').get());
  if (row === undefined) return undefined;
  const body = String(row.body);
  if (row.checksum !== checksum(0, 'head', body)) throw corruptLedger(file, 'its head is damaged');
  return body;
}

export function parseHead(body: string): Head {
  // Written by `commit` and vouched for by the checksum.
  return JSON.parse(body) as Head;
}

/** All that is stored. Throws `LedgerCorruptError`, also while its events are read. */
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

/** @param expected how many there must be: one that is missing is noticed, too */
function* readEvents(db: DatabaseSync, file: string, expected: number): Iterable<StoredEvent> {
  const rows = db.prepare('SELECT position, kind, body, checksum FROM events ORDER BY position');
  const iterator = guard(file, () => rows.iterate());
  for (let count = 0; ; count += 1) {
    const next = guard(file, () => iterator.next());
    if (next.done && count === expected) return;
    if (next.done)
      throw corruptLedger(file, `it should hold ${expected} events, but holds ${count}`);
    const position = Number(next.value.position);
    const kind = String(next.value.kind);
    const body = String(next.value.body);
    if (next.value.checksum !== checksum(position, kind, body)) {
      throw corruptLedger(file, `event ${position} (${kind}) is damaged`);
    }
    yield { position, event: guard(file, () => decodeEvent(kind, body)) };
  }
}

/** Over all that identifies a record, so that a row cannot pass for another. */
export function checksum(
  position: number | bigint,
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
