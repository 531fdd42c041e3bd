/** Time, as an argument. */
export interface Clock {
  /** Wall clock, Unix time in milliseconds. */
  now(): number;
  /** Monotonic time in milliseconds. */
  monotonic(): number;
  /** Calls once after `delayMs`; the returned function cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
}
