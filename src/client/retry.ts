import { createBackoff } from './backoff.ts';
import { type ClientEnvironment, pause } from './environment.ts';
import { type CallFailure, failureOf, mayPass, retryDelayMs, wantsToken } from './failure.ts';

export interface RetryOptions {
  readonly environment: ClientEnvironment;
  /** Stops retrying. */
  readonly signal: AbortSignal;
  /** Called once if the call waits for a valid token. */
  readonly onWaiting: (failure: CallFailure) => void;
}

/**
 * Retries an idempotent call until it succeeds. Rejects with an error that a retry cannot help, and when the
 * signal fires.
 */
export async function retry<T>(
  call: () => Promise<T>,
  { environment, signal, onWaiting }: RetryOptions,
): Promise<T> {
  const backoff = createBackoff(environment.random);
  let isTold = false;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (signal.aborted || !(mayPass(error) || wantsToken(error))) throw error;
      if (wantsToken(error) && !isTold) onWaiting(failureOf(error));
      isTold ||= wantsToken(error);
      await pause(environment.clock, Math.max(backoff.next(), retryDelayMs(error)), signal);
    }
  }
}
