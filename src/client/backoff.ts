const FIRST_MS = 200;

/** A sidecar is local, and starts within about a second. */
const CAP_MS = 1000;

/** Delays between attempts. */
export interface Backoff {
  /** The next delay, in milliseconds. */
  next(): number;
  /** Starts over, after an attempt has succeeded. */
  reset(): void;
}

/** Exponential backoff up to a second with full jitter. */
export function createBackoff(random: () => number): Backoff {
  let delayMs = FIRST_MS;
  return {
    next() {
      const chosen = delayMs * random();
      delayMs = Math.min(delayMs * 2, CAP_MS);
      return chosen;
    },
    reset() {
      delayMs = FIRST_MS;
    },
  };
}
