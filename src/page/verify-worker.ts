import { messageOf } from '../domain/errors.ts';
import { type ReceiptsAnswer, type Verification, verify } from './verify/verify.ts';

// Recomputes trials off the page's thread, which stays free meanwhile.

/** What the page asks for. */
export interface VerifyRequest {
  /** The answers of `/api/v1/deltas/ID/receipts`, page by page, as text. */
  readonly pages: readonly string[];
  readonly shown: string;
}

/** What the worker answers. */
export type VerifyReply = { readonly found: Verification } | { readonly error: string };

addEventListener('message', ({ data: { pages, shown } }: MessageEvent<VerifyRequest>) => {
  postMessage(answer(pages, shown));
});

function answer(pages: readonly string[], shown: string): VerifyReply {
  try {
    // What does not have the type is a fault that the audit finds, or an error.
    const answers = pages.map((text) => JSON.parse(text) as ReceiptsAnswer);
    return { found: verify(answers, shown) };
  } catch (error) {
    return { error: `The receipts cannot be read: ${messageOf(error)}` };
  }
}
