import { join } from 'node:path';
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
import { loadRows } from '../sqlite/rows.ts';
import { receivedError, type StoreAnswer, type StoreCall, type ThreadData } from './messages.ts';

/** From source, and as built. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js',
  import.meta.url,
);

type Call = StoreCall extends infer One
  ? One extends StoreCall
    ? Omit<One, 'number'>
    : never
  : never;

interface Pending {
  readonly resolve: (answer: StoreAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A ledger in a data directory, whose SQLite runs in a thread of its own: this one never waits for a disk, nor
 * for a lock that another process holds.
 */
export class ThreadedStore implements LedgerStore {
  readonly #file: string;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #sizeBytes = 0;
  #closed: Promise<StoreAnswer> | undefined;
  /** Why no call is answered any more. */
  #fault: Error | undefined;
  #isOpen = false;

  /** Opens, or creates, the ledger of a data directory. Rejects with `LedgerOpenError`. */
  static async open(directory: string): Promise<ThreadedStore> {
    const store = new ThreadedStore(directory);
    try {
      await store.#answerTo(0);
      store.#isOpen = true;
    } catch (error) {
      await store.#worker.terminate();
      throw error;
    }
    return store;
  }

  private constructor(directory: string) {
    this.#file = join(directory, LEDGER_FILE);
    const workerData: ThreadData = { directory };
    this.#worker = new Worker(THREAD, { workerData });
    this.#worker.on('message', (answer: StoreAnswer) => this.#receive(answer));
    this.#worker.on('error', (error) => {
      // Without the thread nothing can be recorded: the process ends, and its supervisor restarts it.
      if (this.#isOpen) throw error;
      this.#fail(new LedgerOpenError(`the ledger's thread failed: ${error}`, { cause: error }));
    });
    this.#worker.on('exit', () => this.#fail(new StoreFault('its thread has ended')));
  }

  /** Read by a connection of its own, while the thread has nothing to do. */
  load(): StoredLedger | undefined {
    const db = new DatabaseSync(this.#file, { readOnly: true });
    const stored = loadRows(db, this.#file);
    if (stored === undefined) db.close();
    return stored && { head: stored.head, events: closingAfter(db, stored.events) };
  }

  async commit(commit: Commit): Promise<void> {
    await this.#call({ call: 'write', commit: encodeCommit(commit) });
  }

  async check(): Promise<void> {
    await this.#call({ call: 'check' });
  }

  async recover(): Promise<boolean> {
    const { isDone = false } = await this.#call({ call: 'recover' });
    return isDone;
  }

  /** As the thread saw it last. */
  sizeBytes(): number {
    return this.#sizeBytes;
  }

  async close(): Promise<void> {
    this.#closed ??= this.#call({ call: 'close' });
    await this.#closed;
  }

  #fail(fault: Error): void {
    this.#fault ??= fault;
    for (const { reject } of this.#pending.values()) reject(this.#fault);
    this.#pending.clear();
  }

  #call(call: Call): Promise<StoreAnswer> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    this.#calls += 1;
    const number = this.#calls;
    this.#worker.postMessage({ number, ...call });
    return this.#answerTo(number);
  }

  #answerTo(number: number): Promise<StoreAnswer> {
    return new Promise((resolve, reject) => this.#pending.set(number, { resolve, reject }));
  }

  #receive(answer: StoreAnswer): void {
    const pending = this.#pending.get(answer.number);
    this.#pending.delete(answer.number);
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
