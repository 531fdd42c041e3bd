import type { Clock } from '../domain/clock.ts';

/** Time and randomness, as arguments. */
export interface ClientEnvironment {
  readonly clock: Clock;
  /** From 0, below 1. */
  random(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** The machine's clock and random numbers. */
export const MACHINE: ClientEnvironment = { clock: systemClock, random: () => Math.random() };

/** Resolves after `ms` milliseconds, or at once when the signal fires. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.schedule(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
