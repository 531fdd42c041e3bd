import {
  LedgerCorruptError,
  LedgerOpenError,
  MissingFault,
  StoreFault,
} from '../../ledger/store.ts';
import type { EncodedCommit } from '../sqlite/encoded-commit.ts';

/** What the thread is given when it begins. */
export interface ThreadData {
  readonly directory: string;
}

/** A call of the store in the thread; `number` is repeated in the answer. */
export type StoreCall = { readonly number: number } & (
  | { readonly call: 'write'; readonly commit: EncodedCommit }
  | { readonly call: 'check' | 'recover' | 'close' }
);

/** The first one, numbered 0, tells that the store is open. */
export interface StoreAnswer {
  readonly number: number;
  /** Bytes on disk afterwards. */
  readonly sizeBytes: number;
  /** What `recover` answers. */
  readonly isDone?: boolean;
  readonly fault?: SentError;
}

const ERRORS = { StoreFault, MissingFault, LedgerOpenError, LedgerCorruptError };

/** An error of a store: structured clones lose their class. */
export interface SentError {
  readonly type: keyof typeof ERRORS;
  readonly message: string;
  readonly cause: unknown;
}

export function sentError(error: unknown): SentError {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const type =
    error instanceof MissingFault
      ? 'MissingFault'
      : error instanceof LedgerCorruptError
        ? 'LedgerCorruptError'
        : error instanceof LedgerOpenError
          ? 'LedgerOpenError'
          : 'StoreFault';
  return { type, message, cause };
}

export function receivedError({ type, message, cause }: SentError): Error {
  return new ERRORS[type](message, { cause });
}
