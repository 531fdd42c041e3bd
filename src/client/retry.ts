import { createBackoff } from './backoff.ts';
import { type ClientEnvironment, pause } from './environment.ts';
import { type CallFailure, failureOf, mayPass, retryDelayMs, wantsToken } from './failure.ts';

export interface RetryOptions {
  readonly environment: ClientEnvironment;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** It waits for a token that holds: heard once. */
  readonly onWaiting: (failure: CallFailure) => void;
}

/**
 * Calls until it is answered for good. What the request names must make that safe. Rejects with what
 * does not pass, and where the signal fires.
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
