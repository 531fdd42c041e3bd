import type { StoredEvent } from './event.ts';
import type { Head } from './head.ts';

/** What a store holds. */
export interface StoredLedger {
  readonly head: Head;
  /** In order of position. */
  readonly events: Iterable<StoredEvent>;
}

/** One commit: all of it happens, or none. */
export interface Commit {
  readonly events: readonly StoredEvent[];
  /** Positions of events that need not be kept. */
  readonly drop: readonly number[];
  /** Replaces the former head. */
  readonly head: Head;
}

/** Where a ledger lives. One process at a time has it open. */
export interface LedgerStore {
  /** What is stored; `undefined`: nothing yet. Throws `LedgerCorruptError`. */
  load(): StoredLedger | undefined;
  /** Durable when it returns. A commit that throws has changed nothing. */
  commit(commit: Commit): void;
  /** Bytes on disk; 0 where there is none. */
  sizeBytes(): number;
  close(): void;
}

/** The ledger cannot be opened; the message says why and what to do. */
export class LedgerOpenError extends Error {
  override readonly name: string = 'LedgerOpenError';
}

/** What is stored does not agree with its checksums or with itself. */
export class LedgerCorruptError extends LedgerOpenError {
  override readonly name = 'LedgerCorruptError';
}
