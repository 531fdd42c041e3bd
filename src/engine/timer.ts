import type { Clock } from '../domain/clock.ts';

/** What the timer runs. */
export interface Beat {
  /** The current interval in milliseconds. If it throws, `FIRST_RETRY_MS` is used. */
  intervalMs(): number;
  /** If it rejects, it is run again sooner. */
  run(): Promise<void>;
}

/** Delay after a failure; it doubles up to the interval. */
const FIRST_RETRY_MS = 5000;

/** Runs a task every interval, on monotonic time and never concurrently. */
export class LoopTimer {
  readonly #clock: Clock;
  readonly #beat: Beat;
  #cancel: (() => void) | undefined;
  #dueMs = 0;
  #lastMs = 0;
  #failures = 0;

  constructor(clock: Clock, beat: Beat) {
    this.#clock = clock;
    this.#beat = beat;
  }

  /** Starts, or restarts, the timer: the first run is one interval from now. */
  start(): void {
    this.stop();
    this.#lastMs = this.#clock.monotonic();
    this.#schedule(this.#intervalMs());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Applies a changed interval, counted from the last run. */
  reschedule(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#schedule(this.#lastMs + this.#intervalMs() - this.#clock.monotonic());
  }

  /** Milliseconds until the next run; `undefined` while stopped. */
  dueInMs(): number | undefined {
    return this.#cancel === undefined
      ? undefined
      : Math.max(this.#dueMs - this.#clock.monotonic(), 0);
  }

  #schedule(delayMs: number): void {
    const delay = Math.max(delayMs, 0);
    this.#dueMs = this.#clock.monotonic() + delay;
    this.#cancel = this.#clock.schedule(() => void this.#tick(), delay);
  }

  async #tick(): Promise<void> {
    const cancel = this.#cancel;
    this.#lastMs = this.#clock.monotonic();
    try {
      await this.#beat.run();
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    }
    // Stopped or restarted during the run.
    if (this.#cancel !== cancel) return;
    this.#schedule(this.#delayMs());
  }

  #delayMs(): number {
    const interval = this.#intervalMs();
    if (this.#failures > 0) return Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), interval);
    return this.#lastMs + interval - this.#clock.monotonic();
  }

  #intervalMs(): number {
    try {
      return this.#beat.intervalMs();
    } catch {
      return FIRST_RETRY_MS;
    }
  }
}
