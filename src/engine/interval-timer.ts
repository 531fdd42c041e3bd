import type { Clock } from '../domain/clock.ts';

/** Delay after a failure; it doubles up to the interval. */
const FIRST_RETRY_MS = 5000;

/** Runs a task every interval, on monotonic time and never concurrently. */
export class IntervalTimer {
  readonly #clock: Clock;
  readonly #intervalMs: () => number;
  readonly #run: () => Promise<void>;
  #cancel: (() => void) | undefined;
  #dueMs = 0;
  #lastMs = 0;
  #failures = 0;

  /**
   * @param intervalMs the current interval, in milliseconds
   * @param run the task; if it fails, it is run again sooner
   */
  constructor(clock: Clock, intervalMs: () => number, run: () => Promise<void>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#run = run;
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
      await this.#run();
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    }
    // The timer was stopped or restarted during the run.
    if (this.#cancel !== cancel) return;
    const interval = this.#intervalMs();
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), interval);
    this.#schedule(
      this.#failures > 0 ? retryMs : this.#lastMs + interval - this.#clock.monotonic(),
    );
  }
}
