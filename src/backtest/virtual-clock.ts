import type { Clock } from '../domain/clock.ts';

/** A clock that stands still until it is set. */
export interface VirtualClock extends Clock {
  /** @param ms Unix time in milliseconds; never goes back */
  set(ms: number): void;
}

/** A clock for past time. It schedules nothing: whatever is due is done by the code that sets it. */
export function createVirtualClock(startMs: number): VirtualClock {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    schedule: () => () => {},
    set(ms) {
      nowMs = Math.max(nowMs, ms);
    },
  };
}
