import type { Clock } from '../domain/clock.ts';

export type VirtualClock = ReturnType<typeof createVirtualClock>;

/** A clock that stands still until it is set. It schedules nothing: whatever is due is done by the code that sets it. */
export function createVirtualClock(startMs: number) {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonic: () => nowMs - startMs,
    schedule: () => () => {},
    /** @param ms Unix time in milliseconds; never goes back */
    set(ms: number) {
      nowMs = Math.max(nowMs, ms);
    },
  } satisfies Clock & { set(ms: number): void };
}
