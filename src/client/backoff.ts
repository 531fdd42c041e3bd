const FIRST_MS = 200;

/** A sidecar is near by, and starts within a second or so. */
const CAP_MS = 1000;

/** Delays between attempts. */
export interface Backoff {
  /** The next delay, in milliseconds. */
  next(): number;
  /** An attempt has succeeded: the next failure starts over. */
  reset(): void;
}

/** Delays that double up to a second, each shortened at random by any part, so that clients spread. */
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
