const FIRST_MS = 200;
const CAP_MS = 2000;

/** Delays between attempts. */
export interface Backoff {
  /** The next delay, in milliseconds. */
  next(): number;
  /** An attempt has succeeded: the next failure starts over. */
  reset(): void;
}

/** Delays that double up to two seconds, each shortened at random so that clients spread. */
export function createBackoff(random: () => number = Math.random): Backoff {
  let delayMs = FIRST_MS;
  return {
    next() {
      const chosen = delayMs * (0.5 + random() / 2);
      delayMs = Math.min(delayMs * 2, CAP_MS);
      return chosen;
    },
    reset() {
      delayMs = FIRST_MS;
    },
  };
}
