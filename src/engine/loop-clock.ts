import type { Clock } from '../domain/clock.ts';
import type { Decision } from '../ledger/ledger.ts';
import type { LedgerView } from '../ledger/view.ts';

/**
 * A wall clock that is off by less is taken for right: reading two clocks takes time, and nobody
 * looks closer at when a delta was put in force.
 */
const TOLERANCE_MS = 1000;

/**
 * The time that the loop lives by: Unix time when the ledger was new, and since then only what has
 * passed. What rests, waits or expires does so for as long as was said, wherever the wall clock jumps.
 * Over a restart the wall clock tells what has passed, but never less than nothing.
 */
export class LoopClock implements Clock {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #startMs: number;

  /** @param head of the ledger, as it was opened */
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

  /** What Unix time is more than the loop's, where that is not what the ledger says. */
  newOffsetMs({ head }: LedgerView): number | undefined {
    const offsetMs = this.wallNow() - this.now();
    return Math.abs(offsetMs - head.clock.offsetMs) < TOLERANCE_MS ? undefined : offsetMs;
  }

  /** Takes up what the wall clock says now. */
  follow(): Decision<void> {
    return (view) => {
      const offsetMs = this.newOffsetMs(view);
      const events =
        offsetMs === undefined
          ? []
          : [{ kind: 'clock_set', timeMs: this.now(), offsetMs } as const];
      return { events, result: () => {} };
    };
  }
}
