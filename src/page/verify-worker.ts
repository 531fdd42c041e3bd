import { messageOf } from '../domain/errors.ts';
import { type ReceiptsAnswer, type Verification, verify } from './verify/verify.ts';

// Recomputes trials off the page's thread, which stays free meanwhile.

/** What the page asks for. */
export interface VerifyRequest {
  /** The answer of `/api/v1/deltas/ID/receipts`, as text. */
  readonly text: string;
  readonly shown: string;
}

/** What the worker answers. */
export type VerifyReply = { readonly found: Verification } | { readonly error: string };

// Typed by what is used of it: the types of workers and those of pages exclude each other.
interface WorkerSide {
  onmessage: ((event: { readonly data: VerifyRequest }) => void) | null;
  postMessage(reply: VerifyReply): void;
}
const side = globalThis as unknown as WorkerSide;

side.onmessage = ({ data: { text, shown } }) => {
  side.postMessage(answer(text, shown));
};

function answer(text: string, shown: string): VerifyReply {
  try {
    // What does not have the type is a fault that the audit finds, or an error.
    return { found: verify(JSON.parse(text) as ReceiptsAnswer, shown) };
  } catch (error) {
    return { error: `The receipts cannot be read: ${messageOf(error)}` };
  }
}
