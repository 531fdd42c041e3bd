import type { Change } from './change.ts';
import type { ClientEnvironment } from './environment.ts';
import type { CallFailure } from './failure.ts';
import type { TargetOptions } from './target.ts';
import type { Values } from './values.ts';

export interface LearningSidecarOptions extends TargetOptions {
  /** Names this orchestrator; the same after a restart. */
  readonly clientId: string;
  /** The settings until the first answer of the sidecar. */
  readonly defaults?: Values;
  /**
   * Applies new settings. A delta is acknowledged when the callback returns, or its promise resolves, and
   * refused when it throws or rejects. The sidecar reverts an unproven delta after one refusal and a
   * proven one after those of a majority; it excludes this client's tasks from the delta's trial.
   */
  readonly onChange?: (change: Change) => void | Promise<void>;
  /** Called when the stream breaks or is refused. The client reconnects by itself. */
  readonly onDisconnected?: (failure: CallFailure | undefined) => void;
  /**
   * Called for failures that are not retried, or that need an operator before a retry can succeed. By
   * default logged with `console.warn`.
   */
  readonly onProblem?: (what: string, cause: unknown) => void;
  /** The maximum of waiting tasks; beyond it, the oldest are dropped. */
  readonly queueLimit?: number;
  /** For tests. */
  readonly environment?: ClientEnvironment;
}

/** The sidecar's limit. */
const MAX_CLIENT_ID_BYTES = 256;

/** Throws a `TypeError` for options with which every call would be refused. */
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
