import type { DatabaseSync } from 'node:sqlite';
import { decodeEvent } from '../../ledger/codec.ts';
import type { StoredEvent } from '../../ledger/event.ts';
import type { Head } from '../../ledger/head.ts';
import { withDamagedDatabase } from './file.ts';
import { type Gap, type RawRow, readRows } from './readable-rows.ts';
import { checksum, parseHead, readHead } from './rows.ts';
import { requireSchema } from './schema.ts';

/** What is left of a ledger. */
export interface Remains {
  /** `undefined`: it cannot be read. */
  readonly head: Head | undefined;
  /** In order of position. */
  readonly events: readonly StoredEvent[];
  /** Positions among which some may be missing. */
  readonly gaps: readonly Gap[];
}

const ALL: Gap = { above: 0, below: Number.POSITIVE_INFINITY };

/**
 * Reads the readable rows of a damaged ledger file; a row whose checksum does not match is left out. Throws
 * `LedgerOpenError` if SQLite cannot open the file.
 *
 * @param committedThrough position up to which events were committed; 0: unknown
 */
export function readRemains(file: string, committedThrough: number): Remains {
  return withDamagedDatabase(file, (db) => {
    requireSchema(db, file);
    const head = headIn(db, file);
    const newest = Math.max(head?.position ?? 0, committedThrough);
    const events = new Map<number, StoredEvent>();
    const gaps: Gap[] = [];
    const visit = (row: RawRow) => {
      const stored = eventIn(row);
      const position = Number(row.position);
      if (stored !== undefined) events.set(position, stored);
      else if (position > 0 && position <= newest)
        gaps.push({ above: position - 1, below: position + 1 });
    };
    gaps.push(...(readRows(db, visit, newest || undefined) ?? []));
    const isCounted = head === undefined || events.size === head.storedEvents;
    if (!isCounted && gaps.length === 0) gaps.push(ALL);
    const inOrder = [...events.values()].sort((a, b) => a.position - b.position);
    return { head, events: inOrder, gaps };
  });
}

function headIn(db: DatabaseSync, file: string): Head | undefined {
  try {
    const body = readHead(db, file);
    return body === undefined ? undefined : parseHead(body);
  } catch {
    return undefined;
  }
}

/** `undefined`: its checksum does not fit, or it says nothing. */
function eventIn(row: RawRow): StoredEvent | undefined {
  const { position, kind, body } = row;
  if (typeof position !== 'bigint' || !(body instanceof Uint8Array)) return undefined;
  if (row.checksum !== BigInt(checksum(position, String(kind), body))) return undefined;
  try {
    const text = Buffer.from(body).toString();
    return { position: Number(position), event: decodeEvent(String(kind), text) };
  } catch {
    return undefined;
  }
}
