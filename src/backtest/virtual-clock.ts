import type { Clock } from '../domain/clock.ts';

/** A clock that stands still until it is set. */
export interface VirtualClock extends Clock {
  /** @param ms Unix time in milliseconds; never goes back */
  set(ms: number): void;
}

/** A clock for time that has been. Nothing is scheduled on it: whoever sets it sees to that. */
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
