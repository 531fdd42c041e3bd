import { DatabaseSync } from 'node:sqlite';
import type { StoredEvent } from '../../../src/ledger/event.ts';
import type { Head } from '../../../src/ledger/head.ts';
import { loadRows } from '../../../src/store/sqlite/rows.ts';

/** All that a ledger file holds. */
export function readLedgerFile(
  file: string,
): { readonly head: Head; readonly events: readonly StoredEvent[] } | undefined {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const stored = loadRows(db, file);
    return stored && { head: stored.head, events: [...stored.events] };
  } finally {
    db.close();
  }
}
