import type { Clock } from '../../../src/domain/clock.ts';

interface Alarm {
  readonly atMs: number;
  readonly callback: () => void;
}

/** When clocks begin. */
export const START_MS = Date.UTC(2026, 0, 1);

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(nowMs = START_MS) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const alarm = { atMs: this.#monotonicMs + delayMs, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Alarms that are set. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** The wall clock jumps; monotonic time does not notice. */
  jump(ms: number): void {
    this.#nowMs += ms;
  }

  /** Goes on, alarm by alarm in the order of their times, giving promises their turn after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    for (;;) {
      const next = [...this.#alarms]
        .filter(({ atMs }) => atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      this.#to(next?.atMs ?? untilMs);
      if (next === undefined) return;
      this.#alarms.delete(next);
      next.callback();
      await settled();
    }
  }

  #to(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}

/** Resolves when all that was due at once has been done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
