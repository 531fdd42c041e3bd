import { encodeEvent } from '../../ledger/codec.ts';
import type { StoredEvent } from '../../ledger/event.ts';
import type { Commit } from '../../ledger/store.ts';
import type { Mark } from './commit-mark.ts';

/** A commit as text, which is cheap to copy to another thread. */
export interface EncodedCommit {
  readonly rows: readonly EventRow[];
  /** Positions of the events to delete. */
  readonly drop: readonly number[];
  /** The head as JSON. */
  readonly head: string;
  readonly mark: Mark;
}

/** The row of an event without its checksum. */
export interface EventRow {
  readonly position: number;
  readonly kind: string;
  readonly body: string;
}

export function encodeCommit({ events, drop, head }: Commit): EncodedCommit {
  const { epoch, position } = head;
  return {
    rows: events.map(encodeRow),
    drop,
    head: JSON.stringify(head),
    mark: { epoch, position },
  };
}

export function encodeRow({ position, event }: StoredEvent): EventRow {
  return { position, kind: event.kind, body: encodeEvent(event) };
}
