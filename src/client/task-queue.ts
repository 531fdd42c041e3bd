import type { ClientEnvironment } from './environment.ts';
import { type CallFailure, failureOf } from './failure.ts';
import { retry } from './retry.ts';

/** What became of a task. */
export type RecordOutcome =
  | { readonly kind: 'recorded' }
  /** It had been recorded before. */
  | { readonly kind: 'duplicate' }
  /** There was no room for it, or no time left: the sidecar was away for too long. */
  | { readonly kind: 'dropped' }
  /** The sidecar does not take it. */
  | { readonly kind: 'refused'; readonly failure: CallFailure };

export interface TaskQueueOptions<T> {
  /** Rejects with a `ServiceError`. */
  readonly send: (task: T, signal: AbortSignal) => Promise<{ readonly duplicate: boolean }>;
  /** Hears once of a task that waits for a token that holds. */
  readonly onWaiting: (task: T, failure: CallFailure) => void;
  /** Hears of the first task that finds no room, and again once nothing has waited in between. */
  readonly onFull: () => void;
  /** Tasks that may wait. */
  readonly limit: number;
  /** Calls under way at once. */
  readonly workers: number;
  readonly environment: ClientEnvironment;
}

interface Waiting<T> {
  readonly task: T;
  readonly settle: (outcome: RecordOutcome) => void;
}

/**
 * Tasks on their way to the sidecar. Each is sent until the sidecar has it, or refuses it. Where
 * there are too many, the oldest are dropped: whoever adds one never waits.
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

  /** Tasks without an outcome yet. */
  get size(): number {
    return this.#waiting.length + this.#workers;
  }

  /** Tasks that were dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Answers what became of it; never rejects. */
  add(task: T): Promise<RecordOutcome> {
    return new Promise((resolve) => {
      this.#waiting.push({ task, settle: resolve });
      if (this.#over.signal.aborted) return this.#dropAll();
      if (this.#waiting.length > this.#options.limit) this.#makeRoom();
      if (this.#workers < this.#options.workers) void this.#work();
    });
  }

  /** Waits for what is under way, so long; drops what is left. */
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

  #makeRoom(): void {
    this.#dropOldest();
    if (this.#isFullTold) return;
    this.#isFullTold = true;
    this.#options.onFull();
  }

  #dropOldest(): void {
    this.#dropped += 1;
    this.#waiting.shift()?.settle({ kind: 'dropped' });
  }

  #dropAll(): void {
    while (this.#waiting.length > 0) this.#dropOldest();
  }
}
