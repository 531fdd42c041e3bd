import type { Clock } from '../domain/clock.ts';

/** What the timer does at each beat. */
export interface Beat {
  /** The interval as of now, in milliseconds. Where it throws, a retry's delay is taken. */
  intervalMs(): number;
  /** Rejects where the beat failed; the next then comes sooner. */
  run(): Promise<void>;
}

/** After a failure the next beat waits this long, doubling up to the interval. */
const FIRST_RETRY_MS = 5000;

/**
 * Beats every interval, on monotonic time, never twice at once: a beat that takes longer than the
 * interval delays the next.
 */
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

  /** The first beat comes one interval from now. A running timer starts its interval anew. */
  start(): void {
    this.stop();
    this.#lastMs = this.#clock.monotonic();
    this.#schedule(this.#intervalMs());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Takes up a changed interval, counted from the last beat. */
  reschedule(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#schedule(this.#lastMs + this.#intervalMs() - this.#clock.monotonic());
  }

  /** Milliseconds until the next beat; `undefined` while stopped. */
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
    // Stopped, or started anew, while the beat ran.
    if (this.#cancel !== cancel) return;
    this.#schedule(this.#delayMs());
  }

  #delayMs(): number {
    const interval = this.#intervalMs();
    if (this.#failures > 0) return Math.min(FIRST_RETRY_MS * 2 ** (this.#failures - 1), interval);
    return this.#lastMs + interval - this.#clock.monotonic();
  }

  /** A timer that has lost its interval beats on. */
  #intervalMs(): number {
    try {
      return this.#beat.intervalMs();
    } catch {
      return FIRST_RETRY_MS;
    }
  }
}
