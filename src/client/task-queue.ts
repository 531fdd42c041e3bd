import type { ClientEnvironment } from './environment.ts';
import { type CallFailure, failureOf } from './failure.ts';
import { retry } from './retry.ts';

/** The outcome of a task. */
export type RecordOutcome =
  | { readonly kind: 'recorded' }
  /** It was recorded before. */
  | { readonly kind: 'duplicate' }
  /** Too many tasks waited, or the client was closed first. */
  | { readonly kind: 'dropped' }
  /** The sidecar refused it. */
  | { readonly kind: 'refused'; readonly failure: CallFailure };

export interface TaskQueueOptions<T> {
  /** Rejects with a `ServiceError`. */
  readonly send: (task: T, signal: AbortSignal) => Promise<{ readonly duplicate: boolean }>;
  /** Called once for a task that waits for a valid token. */
  readonly onWaiting: (task: T, failure: CallFailure) => void;
  /** Called for the first dropped task, and again only after the queue was empty. */
  readonly onFull: () => void;
  /** Maximum waiting tasks. */
  readonly limit: number;
  /** Maximum concurrent calls. */
  readonly workers: number;
  readonly environment: ClientEnvironment;
}

interface Waiting<T> {
  readonly task: T;
  readonly settle: (outcome: RecordOutcome) => void;
}

/**
 * Tasks to be recorded. Each is sent until the sidecar takes or refuses it. If too many wait, the oldest are
 * dropped, so adding a task never blocks.
 */
export class TaskQueue<T> {
  readonly #options: TaskQueueOptions<T>;
  readonly #waiting: Waiting<T>[] = [];
  readonly #over = new AbortController();
  #workers = 0;
  #dropped = 0;
  #isFullTold = false;
  #onIdle: (() => void) | undefined;

  constructor(options: TaskQueueOptions<T>) {
    this.#options = options;
  }

  /** Tasks without an outcome. */
  get size(): number {
    return this.#waiting.length + this.#workers;
  }

  /** Tasks dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Resolves to the task's outcome; never rejects. */
  add(task: T): Promise<RecordOutcome> {
    return new Promise((resolve) => {
      this.#waiting.push({ task, settle: resolve });
      if (this.#over.signal.aborted) return this.#dropAll();
      if (this.#waiting.length > this.#options.limit) {
        this.#dropOldest();
        const isTold = this.#isFullTold;
        // First: what is called may add tasks.
        this.#isFullTold = true;
        if (!isTold) this.#options.onFull();
      }
      if (this.#workers < this.#options.workers) void this.#work();
    });
  }

  /** Waits up to `timeoutMs` for the queued tasks, and drops the rest. */
  async close(timeoutMs: number): Promise<void> {
    if (this.size > 0) {
      const { clock } = this.#options.environment;
      await new Promise<void>((resolve) => {
        const cancel = clock.schedule(resolve, timeoutMs);
        this.#onIdle = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#over.abort();
    this.#dropAll();
  }

  async #work(): Promise<void> {
    this.#workers += 1;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.settle(await this.#deliver(next.task));
    }
    this.#isFullTold = false;
    this.#workers -= 1;
    if (this.#workers === 0) this.#onIdle?.();
  }

  async #deliver(task: T): Promise<RecordOutcome> {
    const { send, onWaiting, environment } = this.#options;
    const { signal } = this.#over;
    const told = (failure: CallFailure) => onWaiting(task, failure);
    try {
      const options = { environment, signal, onWaiting: told };
      const { duplicate } = await retry(() => send(task, signal), options);
      return { kind: duplicate ? 'duplicate' : 'recorded' };
    } catch (error) {
      if (!signal.aborted) return { kind: 'refused', failure: failureOf(error) };
    }
    this.#dropped += 1;
    return { kind: 'dropped' };
  }

  #dropOldest(): void {
    this.#dropped += 1;
    this.#waiting.shift()?.settle({ kind: 'dropped' });
  }

  #dropAll(): void {
    while (this.#waiting.length > 0) this.#dropOldest();
  }
}
