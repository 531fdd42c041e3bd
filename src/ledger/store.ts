import type { Awaitable } from './awaitable.ts';
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
  /** Positions of events that need not be kept. They go first: one of `events` may take their place. */
  readonly drop: readonly number[];
  /** Replaces the former head. */
  readonly head: Head;
}

/**
 * Where a ledger lives. One process at a time has it open. A store may return promises, which reject with what
 * a synchronous store throws.
 */
export interface LedgerStore {
  /** What is stored; `undefined` in a new ledger. Throws `LedgerCorruptError`. */
  load(): Awaitable<StoredLedger | undefined>;
  /**
   * Durable when it is done; the next one is not begun before. Throws `StoreFault`: nothing has changed, as
   * far as can be seen, but what was written may come to light; `recover` settles it, and comes before
   * another commit.
   */
  commit(commit: Commit): Awaitable<void>;
  /** Throws `MissingFault` if committed data is no longer in its place. */
  check(): Awaitable<void>;
  /**
   * Makes the store writable again after a fault, with all that was committed in it. Returns whether
   * the commit that failed, if one did, has happened after all. Throws `StoreFault` while it cannot.
   */
  recover(): Awaitable<boolean>;
  /** Bytes on disk, without waiting for it; 0 in memory. */
  sizeBytes(): number;
  close(): Awaitable<void>;
}

/** A synchronous store. */
export interface SyncLedgerStore extends LedgerStore {
  load(): StoredLedger | undefined;
  commit(commit: Commit): void;
  check(): void;
  recover(): boolean;
  close(): void;
}

/** The ledger cannot be written; the message says why, and is shown to clients. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
}

/** The files of the ledger have disappeared: only the process that has them open still has the data. */
export class MissingFault extends StoreFault {}

/** The ledger cannot be opened; the message says why and what to do. */
export class LedgerOpenError extends Error {
  override readonly name: string = 'LedgerOpenError';
}

/** What is stored does not agree with its checksums or with itself. */
export class LedgerCorruptError extends LedgerOpenError {
  override readonly name = 'LedgerCorruptError';
}
