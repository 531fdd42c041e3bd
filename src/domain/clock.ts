/** Time, as an argument. */
export interface Clock {
  /** Wall clock, Unix time in milliseconds. */
  now(): number;
  /** Milliseconds since some moment; never jumps. */
  monotonic(): number;
  /** Calls once after `delayMs`; the answer cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
}
