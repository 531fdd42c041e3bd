import type { Change } from './change.ts';
import type { ClientEnvironment } from './environment.ts';
import type { CallFailure } from './failure.ts';
import type { TargetOptions } from './target.ts';
import type { Values } from './values.ts';

export interface LearningSidecarOptions extends TargetOptions {
  /** Names this orchestrator, and stays the same over restarts. */
  readonly clientId: string;
  /** The settings until the sidecar has answered for the first time. */
  readonly defaults?: Values;
  /**
   * Applies new settings. A delta is acknowledged when the callback returns, or its promise resolves, and
   * refused when it throws or rejects. The sidecar reverts an unproven delta after one refusal and a
   * proven one after those of a majority; it excludes this client's tasks from the delta's trial.
   */
  readonly onChange?: (change: Change) => void | Promise<void>;
  /** The sidecar has gone, or refuses its stream; it is tried again until it is there. */
  readonly onDisconnected?: (failure: CallFailure | undefined) => void;
  /**
   * What did not work and is not tried again, or not in vain if somebody sees to it: for a log.
   * By default a line of `console.warn`.
   */
  readonly onProblem?: (what: string, cause: unknown) => void;
  /** Tasks that may wait; beyond, the oldest are dropped. */
  readonly queueLimit?: number;
  /** For tests. */
  readonly environment?: ClientEnvironment;
}

/** As much as the sidecar takes. */
const MAX_CLIENT_ID_BYTES = 256;

/** Throws a `TypeError` for what would otherwise be refused for ever, or never be noticed. */
export function checkOptions({
  clientId,
  queueLimit,
}: {
  readonly clientId: unknown;
  readonly queueLimit: number;
}): void {
  if (typeof clientId !== 'string' || !clientId.isWellFormed()) {
    throw new TypeError('clientId: expected a text of Unicode characters');
  }
  const bytes = Buffer.byteLength(clientId);
  if (bytes > MAX_CLIENT_ID_BYTES) {
    throw new TypeError(`clientId: expected at most ${MAX_CLIENT_ID_BYTES} bytes, found ${bytes}`);
  }
  if (!Number.isSafeInteger(queueLimit) || queueLimit < 1) {
    throw new TypeError(`queueLimit: expected a whole number of at least 1, found ${queueLimit}`);
  }
}
