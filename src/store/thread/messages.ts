import {
  LedgerCorruptError,
  LedgerOpenError,
  MissingFault,
  StoreFault,
} from '../../ledger/store.ts';
import type { EncodedCommit } from '../sqlite/encoded-commit.ts';
import type { SoundRow } from '../sqlite/rows.ts';

/** A call of the store in the thread. */
export type StoreCall =
  | { readonly call: 'write'; readonly commit: EncodedCommit }
  | { readonly call: 'read'; readonly positions: readonly number[] }
  | { readonly call: 'check' | 'recover' | 'close' };

/** An answer to a call. Answers come in the order of the calls; one before them says that the store is open. */
export interface StoreAnswer {
  /** Bytes on disk after the call. */
  readonly sizeBytes: number;
  /** The result of `recover`. */
  readonly isDone?: boolean;
  /** The result of `read`; the main thread decodes it. */
  readonly rows?: readonly SoundRow[];
  readonly fault?: SentError;
}

/** Subclasses first. */
const ERRORS = [MissingFault, StoreFault, LedgerCorruptError, LedgerOpenError] as const;

/** An error of a store; a structured clone would lose its class. */
export interface SentError {
  /** The index of the error's class in `ERRORS`; -1 for any other class. */
  readonly type: number;
  readonly message: string;
  readonly cause: unknown;
}

export function sentError(error: unknown): SentError {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  return { type: ERRORS.findIndex((one) => error instanceof one), message, cause };
}

export function receivedError({ type, message, cause }: SentError): Error {
  const Received = ERRORS[type] ?? StoreFault;
  return new Received(message, { cause });
}
