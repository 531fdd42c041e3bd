import { decodeEvent } from '../../ledger/codec.ts';
import type { LedgerEvent, StoredEvent } from '../../ledger/event.ts';
import type { Head } from '../../ledger/head.ts';
import { withDamagedDatabase } from './file.ts';
import { type Gap, type RawRow, readRows } from './readable-rows.ts';
import { findHead } from './rows.ts';
import { requireSchema } from './schema.ts';

/** What is left of a damaged ledger. */
export interface Remains {
  /** `undefined` if the head cannot be read. */
  readonly head: Head | undefined;
  /** In order of position. */
  readonly events: readonly StoredEvent[];
  /** Ranges in which events may be missing. */
  readonly gaps: readonly Gap[];
}

const ALL: Gap = { above: 0, below: Number.POSITIVE_INFINITY };

/**
 * Reads the readable rows of a damaged ledger file; a row whose checksum does not match is left out. Throws
 * `LedgerOpenError` if SQLite cannot open the file.
 *
 * @param committedThrough position up to which events were committed; 0 if unknown
 */
export function readRemains(file: string, committedThrough: number): Remains {
  return withDamagedDatabase(file, (db) => {
    requireSchema(db, file);
    const { head } = findHead(db, file);
    const newest = Math.max(head?.position ?? 0, committedThrough);
    const events = new Map<number, StoredEvent>();
    const gaps: Gap[] = [];
    const visit = (row: RawRow) => {
      const { position } = row;
      const event = row.isIntact ? eventIn(row) : undefined;
      if (event !== undefined) events.set(position, { position, event });
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

/** `undefined` if the body is not an event. */
function eventIn({ kind, body }: RawRow): LedgerEvent | undefined {
  try {
    return decodeEvent(kind, body.toString());
  } catch {
    return undefined;
  }
}
