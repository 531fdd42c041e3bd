import type { Delta } from '../domain/delta.ts';
import { LearningError, messageOf } from '../domain/errors.ts';
import type { Retention } from '../domain/settings.ts';
import { type Awaitable, settle, whenKnown } from './awaitable.ts';
import { Draft } from './draft.ts';
import type { LedgerEvent, StoredEvent } from './event.ts';
import { foldStored } from './fold-stored.ts';
import type { Head } from './head.ts';
import type { Forgotten } from './retained-tasks.ts';
import type { LedgerState } from './state.ts';
import {
  LedgerOpenError,
  type LedgerStore,
  MissingFault,
  StoreFault,
  type SyncLedgerStore,
} from './store.ts';
import type { LedgerView } from './view.ts';

/** Events that a decision adds to the log, and the result for its caller once they are durable. */
export interface Decided<R> {
  readonly events: readonly LedgerEvent[];
  /**
   * Computes the caller's result; absent if there is none.
   *
   * @param after the state with these events in it
   */
  readonly result?: ((after: LedgerView) => R) | undefined;
}

/** A pure function of the state. It throws to refuse; then none of its events happens. */
export type Decision<R> = (view: LedgerView) => Decided<R>;

export interface LedgerOptions {
  readonly store: LedgerStore;
  readonly retention: Retention;
  /** Makes the epoch, and the secret, of a new ledger: a different text each time. */
  readonly newEpoch: () => string;
  /** Runs a function soon, after what is waiting to be read has been read. */
  readonly defer: (run: () => void) => void;
  /** Called when the store begins to fail or fails differently, and, with `undefined`, when it has recovered. */
  readonly onAvailability?: (failure: Error | undefined) => void;
}

/** A commit that has become durable. */
export interface CommitNote {
  readonly events: readonly LedgerEvent[];
  /** Deltas that the commit applied, in order. */
  readonly applied: readonly Delta[];
}

/** The maximum of decisions that wait for a commit. More are refused: the disk does not keep pace. */
const MAX_WAITING = 10_000;

/**
 * The maximum of turns of the event loop that a commit waits for more decisions. A turn reads little of each
 * connection; a commit costs a write to the disk, however much is in it.
 */
const MAX_TURNS = 8;

interface Waiting {
  readonly decide: Decision<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The log of events, and the state folded from it. Invariants:
 *
 * 1. State changes only by events that a decision appends: `transact`.
 * 2. Decisions that arrive together are made one after the other, each on the state that those before it leave, and
 *    committed together (group commit).
 * 3. `state` holds only what is durable. Callers and listeners learn of a commit only after that, in order.
 * 4. One commit is under way at a time; no decision is made on a draft that another commit may discard.
 * 5. After a failed commit no other is tried until `check` has found out whether the failed one happened.
 */
export class Ledger {
  readonly state: LedgerState;
  readonly #store: LedgerStore;
  readonly #defer: (run: () => void) => void;
  #waiting: Waiting[] = [];
  #scheduled = false;
  /** The commit that is under way; decisions that arrive meanwhile go into the next one. */
  #underWay: Promise<void> | undefined;
  #retainNext: Retention | undefined;
  readonly #listeners: ((note: CommitNote) => void)[] = [];
  #failure: Error | undefined;
  /** What the failed commit would have added to the store, and deleted from it. */
  #inDoubt: { readonly draft: Draft; readonly forgotten: Forgotten } | undefined;
  readonly #onAvailability: (failure: Error | undefined) => void;

  private constructor(options: LedgerOptions, state: LedgerState) {
    this.state = state;
    this.#store = options.store;
    this.#onAvailability = options.onAvailability ?? (() => {});
    this.#defer = options.defer;
  }

  /** Opens what the store holds, or a new ledger. Throws, or rejects with, `LedgerOpenError`. */
  static open(options: LedgerOptions & { readonly store: SyncLedgerStore }): Ledger;
  static open(options: LedgerOptions): Awaitable<Ledger>;
  static open(options: LedgerOptions): Awaitable<Ledger> {
    return whenKnown(options.store.load(), (stored) => {
      const state = foldStored(stored, options);
      const ledger = new Ledger(options, state);
      return stored === undefined
        ? whenKnown(begin(options.store, state.head), () => ledger)
        : ledger;
    });
  }

  /** Why the ledger cannot be written, in words; `undefined` if it can. */
  get failure(): string | undefined {
    return this.#failure?.message;
  }

  /**
   * Checks that the committed data is still there or, after a failure, whether the ledger can be written
   * again. To be called regularly: nothing else ends a failure.
   */
  check(): Awaitable<void> {
    const failed = (error: unknown) => this.#failed(error);
    if (this.#failure === undefined) return settle(() => this.#store.check(), failed);
    return settle(
      () => this.#store.recover(),
      failed,
      (isDone) => this.#recovered(isDone),
    );
  }

  /**
   * Makes a decision; resolves when its events are durable. Rejects with what `decide` throws, with
   * `OVERLOADED` if too many wait, or with `LEDGER_UNAVAILABLE`.
   */
  transact<R>(decide: Decision<R>): Promise<R> {
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(new LearningError('OVERLOADED', 'too many calls wait for the ledger'));
    }
    return new Promise<R>((resolve, reject) => {
      // The queue holds decisions of any result type; each result goes back to its own promise.
      this.#waiting.push({ decide, resolve: resolve as (result: unknown) => void, reject });
      if (this.#scheduled || this.#underWay !== undefined) return;
      this.#scheduled = true;
      this.#commitSoon();
    });
  }

  /** Calls `listener` after each commit, once the callers of the commit have been answered. */
  onCommit(listener: (note: CommitNote) => void): void {
    this.#listeners.push(listener);
  }

  /** Changes how much is retained. */
  retain(retention: Retention): void {
    if (this.#underWay === undefined) this.state.retain(retention);
    // Only after the commit under way, whose head depends on what is retained now.
    else this.#retainNext = retention;
  }

  /** Commits what waits: at once, or after the commit that is under way. */
  flush(): Awaitable<void> {
    if (this.#underWay !== undefined) return this.#underWay.then(() => this.flush());
    this.#scheduled = false;
    const batch = this.#waiting;
    this.#waiting = [];
    const draft = new Draft(this.state);
    const answers = batch.map((waiting) => decideOn(draft, waiting));
    const answerAll = () => {
      for (const answer of answers) answer();
    };
    if (draft.events.length === 0) return answerAll();
    const refuse = () => {
      const text = `the ledger cannot be written: ${this.failure}`;
      const error = new LearningError('LEDGER_UNAVAILABLE', text, { cause: this.#failure });
      for (const waiting of batch) waiting.reject(error);
    };
    if (this.#failure !== undefined) return refuse();
    const done = this.#commit(
      draft,
      () => {
        answerAll();
        this.#tell(draft);
      },
      refuse,
    );
    if (!(done instanceof Promise)) return;
    this.#underWay = done.then(() => {
      this.#underWay = undefined;
      if (this.#retainNext !== undefined) this.state.retain(this.#retainNext);
      this.#retainNext = undefined;
      // Decisions that arrived during the commit.
      if (this.#waiting.length > 0) void this.flush();
    });
    return this.#underWay;
  }

  /** As `LedgerStore.read`; `eventsAt` reads many. */
  read(positions: readonly number[]): Awaitable<readonly StoredEvent[]> {
    return this.#store.read(positions);
  }

  /** Bytes on disk. */
  sizeBytes(): number {
    return this.#store.sizeBytes();
  }

  /**
   * Commits what waits, and closes the store. Rejects with `MissingFault` if files have disappeared and could
   * not be restored.
   */
  async close(): Promise<void> {
    await this.flush();
    await this.check();
    if (this.#failure !== undefined) await this.check();
    await this.#store.close();
    if (!(this.#failure instanceof MissingFault)) return;
    throw new MissingFault(
      `the ledger could not be put back, and what was recorded is lost: ${this.failure}`,
      { cause: this.#failure },
    );
  }

  #commitSoon(turn = 1): void {
    const known = this.#waiting.length;
    this.#defer(() => {
      if (this.#waiting.length > known && turn < MAX_TURNS) this.#commitSoon(turn + 1);
      else void this.flush();
    });
  }

  /** Makes a draft durable, and then merges it into the state. */
  #commit(draft: Draft, done: () => void, refused: () => void): Awaitable<void> {
    const forgotten = this.state.takeForgotten();
    const { drop, kept } = forgotten;
    const events = [...kept, ...draft.events];
    draft.head.storedEvents += events.length - drop.length;
    return settle(
      () => this.#store.commit({ events, drop, head: draft.head }),
      (error) => {
        this.#inDoubt = { draft, forgotten };
        this.#failed(error);
        refused();
      },
      () => {
        this.state.merge(draft);
        done();
      },
    );
  }

  #failed(error: unknown): void {
    const former = this.#failure;
    const failure = error instanceof Error ? error : new StoreFault(messageOf(error));
    this.#failure = failure;
    const isMissing = failure instanceof MissingFault;
    if (former?.message === failure.message && former instanceof MissingFault === isMissing) return;
    this.#onAvailability(failure);
  }

  /** @param isDone whether the failed commit has happened after all; its callers were told that it may have */
  #recovered(isDone: boolean): void {
    const inDoubt = this.#inDoubt;
    this.#inDoubt = undefined;
    this.#failure = undefined;
    if (inDoubt !== undefined && isDone) {
      this.state.merge(inDoubt.draft);
      this.#tell(inDoubt.draft);
    } else if (inDoubt !== undefined) {
      this.state.returnForgotten(inDoubt.forgotten);
    }
    this.#onAvailability(undefined);
  }

  #tell(draft: Draft): void {
    const note = { events: draft.events.map(({ event }) => event), applied: draft.applied };
    for (const listener of this.#listeners) listener(note);
  }
}

/** Stores a new ledger, before anything happens to it. */
function begin(store: LedgerStore, head: Head): Awaitable<void> {
  return settle(
    () => store.commit({ events: [], drop: [], head }),
    (cause) => {
      const text = `the ledger cannot be written: ${messageOf(cause)}`;
      throw new LedgerOpenError(text, { cause });
    },
  );
}

/** Makes one decision; the returned function settles its caller's promise. */
function decideOn(draft: Draft, { decide, resolve, reject }: Waiting): () => void {
  try {
    const decided = decide(draft);
    for (const event of decided.events) draft.append(event);
    const result = decided.result?.(draft);
    return () => resolve(result);
  } catch (error) {
    return () => reject(error);
  }
}
