import type { Delta } from '../domain/delta.ts';
import { LearningError, messageOf } from '../domain/errors.ts';
import type { Retention } from '../domain/settings.ts';
import { type Awaitable, settle, whenKnown } from './awaitable.ts';
import { Draft } from './draft.ts';
import type { LedgerEvent } from './event.ts';
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

/** What a decision adds to the log, and what its caller is told once that is durable. */
export interface Decided<R> {
  readonly events: readonly LedgerEvent[];
  /**
   * Computes what the caller is told; absent if that is nothing.
   *
   * @param after the state with these events in it
   */
  readonly result?: ((after: LedgerView) => R) | undefined;
}

/** Looks at the state and decides. Pure; throws to refuse, and then nothing of it happens. */
export type Decision<R> = (view: LedgerView) => Decided<R>;

export interface LedgerOptions {
  readonly store: LedgerStore;
  readonly retention: Retention;
  /** Names a ledger that is created here, and makes up its secret: a new text each time. */
  readonly newEpoch: () => string;
  /** Runs a function soon, after what is waiting to be read has been read. */
  readonly defer: (run: () => void) => void;
  /** The store has begun to fail, or fails otherwise than before; `undefined`: it has recovered. */
  readonly onAvailability?: (failure: Error | undefined) => void;
}

/** A commit that has become durable. */
export interface CommitNote {
  readonly events: readonly LedgerEvent[];
  /** Deltas that it put in force, in order. */
  readonly applied: readonly Delta[];
}

/**
 * Decisions that may wait for their commit. More than this many have piled up behind a disk that
 * does not keep pace: callers are better told to come back.
 */
const MAX_WAITING = 10_000;

/**
 * Turns of the event loop that a commit waits at most while each brings more to commit. A turn
 * reads little of each connection; a commit costs a write to the disk, however much is in it.
 */
const MAX_TURNS = 8;

interface Waiting {
  readonly decide: Decision<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one way to change state: append. Decisions that arrive together are made one after the
 * other, each seeing those before it, and committed together (group commit); each caller is
 * answered when that commit is durable. Readers see only what is.
 */
export class Ledger {
  readonly state: LedgerState;
  readonly #port: LedgerStore;
  readonly #defer: (run: () => void) => void;
  #waiting: Waiting[] = [];
  #scheduled = false;
  /** The commit that the store has not answered yet; what waits meanwhile goes with the next. */
  #underWay: Promise<void> | undefined;
  #retainNext: Retention | undefined;
  readonly #listeners: ((note: CommitNote) => void)[] = [];
  #failure: Error | undefined;
  /** What the commit that failed would have added, and taken out of the store. */
  #doubtful: { readonly draft: Draft; readonly forgotten: Forgotten } | undefined;
  readonly #onAvailability: (failure: Error | undefined) => void;

  private constructor(options: LedgerOptions, state: LedgerState) {
    this.state = state;
    this.#port = options.store;
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

  /** Why the ledger cannot be written, in words; `undefined`: it can. */
  get failure(): string | undefined {
    return this.#failure?.message;
  }

  /**
   * Looks whether what is committed is still there, and after a failure whether the ledger can be
   * written again. To be called now and then: nothing else ends a failure.
   */
  check(): Awaitable<void> {
    const failed = (error: unknown) => this.#failed(error);
    if (this.#failure === undefined)
      return settle(
        () => this.#port.check(),
        () => {},
        failed,
      );
    return settle(
      () => this.#port.recover(),
      (isDone) => this.#recovered(isDone),
      failed,
    );
  }

  /**
   * Decides, and answers when the outcome is durable. Rejects with what `decide` throws, with
   * `OVERLOADED` where too many wait, or with `LEDGER_UNAVAILABLE`.
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

  /** Calls after each commit, when its callers have been answered. */
  onCommit(listener: (note: CommitNote) => void): void {
    this.#listeners.push(listener);
  }

  /** Retains so much from now on. */
  retain(retention: Retention): void {
    if (this.#underWay === undefined) this.state.retain(retention);
    // Not before: the commit's head was made on what is retained now.
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
      // What has come meanwhile.
      if (this.#waiting.length > 0) void this.flush();
    });
    return this.#underWay;
  }

  /** Bytes on disk. */
  sizeBytes(): number {
    return this.#port.sizeBytes();
  }

  /**
   * Commits what waits. Where files have gone meanwhile, this is the last chance to put them back:
   * rejects with `MissingFault` where they are lost.
   */
  async close(): Promise<void> {
    await this.flush();
    await this.check();
    if (this.#failure !== undefined) await this.check();
    await this.#port.close();
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

  /** Makes a draft durable, and then the state. */
  #commit(draft: Draft, done: () => void, refused: () => void): Awaitable<void> {
    const forgotten = this.state.takeForgotten();
    const { drop, kept } = forgotten;
    const events = [...kept, ...draft.events];
    draft.head.storedEvents += events.length - drop.length;
    return settle(
      () => this.#port.commit({ events, drop, head: draft.head }),
      () => {
        this.state.merge(draft);
        done();
      },
      (error) => {
        this.#doubtful = { draft, forgotten };
        this.#failed(error);
        refused();
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

  /** @param isDone the commit that failed has happened; its callers were told that it is not sure */
  #recovered(isDone: boolean): void {
    const doubtful = this.#doubtful;
    this.#doubtful = undefined;
    this.#failure = undefined;
    if (doubtful !== undefined && isDone) {
      this.state.merge(doubtful.draft);
      this.#tell(doubtful.draft);
    } else if (doubtful !== undefined) {
      this.state.returnForgotten(doubtful.forgotten);
    }
    this.#onAvailability(undefined);
  }

  #tell(draft: Draft): void {
    const note = { events: draft.events.map(({ event }) => event), applied: draft.applied };
    for (const listener of this.#listeners) listener(note);
  }
}

/** A new ledger is stored before anything happens to it. */
function begin(store: LedgerStore, head: Head): Awaitable<void> {
  return settle(
    () => store.commit({ events: [], drop: [], head }),
    () => {},
    (cause) => {
      const text = `the ledger cannot be written: ${messageOf(cause)}`;
      throw new LedgerOpenError(text, { cause });
    },
  );
}

/** Makes one decision; the answer tells its caller, once that may be told. */
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
