import type { Clock } from '../domain/clock.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';

/** Smaller offsets are ignored: the two clocks are not read at the same instant. */
const TOLERANCE_MS = 1000;

/**
 * The loop's time: Unix time when the ledger was created, advanced by monotonic time. Rests, waits and
 * deadlines keep their length whatever the wall clock does. Over a restart it advances by the wall
 * clock, and never goes back.
 */
export class LoopClock implements Clock {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #startMs: number;

  /** @param head of the ledger when it was opened */
  constructor(clock: Clock, { clock: known }: LedgerView['head']) {
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
    this.#startMs =
      known.timeMs === 0 ? clock.now() : Math.max(clock.now() - known.offsetMs, known.timeMs);
  }

  /** The loop's time, in whole milliseconds. */
  now(): number {
    return this.#startMs + Math.floor(this.#clock.monotonic() - this.#startedMs);
  }

  /** Unix time in milliseconds, as the wall clock has it now. */
  wallNow(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  schedule(callback: () => void, delayMs: number): () => void {
    return this.#clock.schedule(callback, delayMs);
  }

  /** Unix time less the loop's time, in milliseconds, if it differs from the ledger's by `TOLERANCE_MS` or more. */
  newOffsetMs({ head }: LedgerView): number | undefined {
    const offsetMs = this.wallNow() - this.now();
    return Math.abs(offsetMs - head.clock.offsetMs) < TOLERANCE_MS ? undefined : offsetMs;
  }

  /** Records the present offset of the wall clock. */
  follow(): Decision<void> {
    return (view) => {
      const offsetMs = this.newOffsetMs(view);
      const set = { kind: 'clock_set', timeMs: this.now() } as const;
      return { events: offsetMs === undefined ? [] : [{ ...set, offsetMs }] };
    };
  }
}
