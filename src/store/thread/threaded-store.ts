import { extname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { StoredEvent } from '../../ledger/event.ts';
import {
  type Commit,
  LedgerOpenError,
  type LedgerStore,
  type StoredLedger,
  StoreFault,
} from '../../ledger/store.ts';
import { LEDGER_FILE } from '../disk/files.ts';
import { encodeCommit } from '../sqlite/encoded-commit.ts';
import { eventOf, loadRows } from '../sqlite/rows.ts';
import { receivedError, type StoreAnswer, type StoreCall } from './messages.ts';

/** A `.ts` file in the sources, a `.js` file once built. */
const THREAD = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);

/**
 * A ledger in a data directory. SQLite runs in a thread of its own, so that the main thread never waits for a disk, or
 * for a lock of another process.
 */
export class ThreadedStore implements LedgerStore {
  readonly #file: string;
  readonly #worker: Worker;
  /** The calls without an answer, in order. */
  readonly #pending: PromiseWithResolvers<StoreAnswer>[] = [];
  #sizeBytes = 0;
  #closed: Promise<StoreAnswer> | undefined;
  /** Set once the thread has failed or ended: no call is answered any more. */
  #fault: Error | undefined;
  #isOpen = false;

  /** Opens, or creates, the ledger of a data directory. Rejects with `LedgerOpenError`. */
  static async open(directory: string): Promise<ThreadedStore> {
    const store = new ThreadedStore(directory);
    try {
      await store.#nextAnswer();
      store.#isOpen = true;
    } catch (error) {
      await store.#worker.terminate();
      throw error;
    }
    return store;
  }

  private constructor(directory: string) {
    this.#file = join(directory, LEDGER_FILE);
    this.#worker = new Worker(THREAD, { workerData: directory });
    this.#worker.on('message', (answer: StoreAnswer) => this.#receive(answer));
    this.#worker.on('error', (error) => {
      // Without the thread nothing can be recorded: the process ends, and its supervisor restarts it.
      if (this.#isOpen) throw error;
      this.#fail(new LedgerOpenError(`the ledger's thread failed: ${error}`, { cause: error }));
    });
    this.#worker.on('exit', () => this.#fail(new StoreFault('its thread has ended')));
  }

  /** Reads the ledger by a connection of its own, while the thread has nothing to do. */
  load(): StoredLedger | undefined {
    const db = new DatabaseSync(this.#file, { readOnly: true });
    const stored = loadRows(db, this.#file);
    if (stored === undefined) db.close();
    return stored && { head: stored.head, events: closingAfter(db, stored.events) };
  }

  async commit(commit: Commit): Promise<void> {
    await this.#call({ call: 'write', commit: encodeCommit(commit) });
  }

  async read(positions: readonly number[]): Promise<readonly StoredEvent[]> {
    const { rows = [] } = await this.#call({ call: 'read', positions });
    return rows.map((row) => eventOf(this.#file, row));
  }

  async check(): Promise<void> {
    await this.#call({ call: 'check' });
  }

  async recover(): Promise<boolean> {
    const { isDone = false } = await this.#call({ call: 'recover' });
    return isDone;
  }

  /** Bytes on disk, as the thread saw them last. */
  sizeBytes(): number {
    return this.#sizeBytes;
  }

  async close(): Promise<void> {
    this.#closed ??= this.#call({ call: 'close' });
    await this.#closed;
  }

  #fail(fault: Error): void {
    this.#fault ??= fault;
    for (const { reject } of this.#pending.splice(0)) reject(this.#fault);
  }

  async #call(call: StoreCall): Promise<StoreAnswer> {
    if (this.#fault !== undefined) throw this.#fault;
    this.#worker.postMessage(call);
    return await this.#nextAnswer();
  }

  #nextAnswer(): Promise<StoreAnswer> {
    const pending = Promise.withResolvers<StoreAnswer>();
    this.#pending.push(pending);
    return pending.promise;
  }

  #receive(answer: StoreAnswer): void {
    const pending = this.#pending.shift();
    this.#sizeBytes = answer.sizeBytes;
    if (answer.fault === undefined) pending?.resolve(answer);
    else pending?.reject(receivedError(answer.fault));
  }
}

function* closingAfter(db: DatabaseSync, events: Iterable<StoredEvent>): Iterable<StoredEvent> {
  try {
    yield* events;
  } finally {
    db.close();
  }
}
