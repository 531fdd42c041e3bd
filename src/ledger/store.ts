import type { Awaitable } from './awaitable.ts';
import type { StoredEvent } from './event.ts';
import type { Head } from './head.ts';

/** What a store holds. */
export interface StoredLedger {
  readonly head: Head;
  /** In order of position. */
  readonly events: Iterable<StoredEvent>;
}

/** One commit, atomic. */
export interface Commit {
  readonly events: readonly StoredEvent[];
  /** Positions of events to delete, before `events` are added: these may have the same positions. */
  readonly drop: readonly number[];
  /** Replaces the former head. */
  readonly head: Head;
}

/**
 * Where a ledger is stored. One process at a time has it open. A store may return promises, which reject with
 * what a synchronous store throws.
 */
export interface LedgerStore {
  /** What is stored; `undefined` in a new ledger. Throws `LedgerCorruptError`. */
  load(): Awaitable<StoredLedger | undefined>;
  /**
   * Stores a commit durably; the next commit begins after that. Throws `StoreFault` if it is not known whether the
   * commit has happened: `recover` finds out, and must be called before another commit.
   */
  commit(commit: Commit): Awaitable<void>;
  /**
   * The events at some positions, in order of position; those that are no longer there are left out. Throws
   * `LedgerCorruptError`, and `StoreFault` if the store cannot be read. It may be called while a commit is under way.
   */
  read(positions: readonly number[]): Awaitable<readonly StoredEvent[]>;
  /** Throws `MissingFault` if committed data is no longer in its place. */
  check(): Awaitable<void>;
  /**
   * Makes the store writable again after a fault, with all that was committed in it. Returns whether the failed commit,
   * if there is one, has happened after all. Throws `StoreFault` if the store cannot be written yet.
   */
  recover(): Awaitable<boolean>;
  /** Bytes on disk, found without waiting for the disk; 0 in memory. */
  sizeBytes(): number;
  close(): Awaitable<void>;
}

/** A synchronous store. */
export interface SyncLedgerStore extends LedgerStore {
  load(): StoredLedger | undefined;
  commit(commit: Commit): void;
  read(positions: readonly number[]): readonly StoredEvent[];
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

/** Stored data does not match its checksums, or is inconsistent. */
export class LedgerCorruptError extends LedgerOpenError {
  override readonly name = 'LedgerCorruptError';
}
