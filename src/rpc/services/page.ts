import { invalidFields } from '../../domain/errors.ts';

/** A page asked for: where it starts and how long it may be. */
export interface Page {
  /** Items before this number, newest first. */
  readonly before: number;
  readonly size: number;
}

const MAX_PAGE_SIZE = 1000;

/** @param filters what the list is filtered by: a token goes only with the filters it came from */
export function encodePageToken(before: number, filters: string): string {
  return Buffer.from(`${before}/${filters}`).toString('base64url');
}

/** Throws `INVALID_FIELD` where the token is none of ours, or another list's. */
export function readPage(
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
  defaultSize: number,
  filters: string,
): Page {
  const size = Math.min(pageSize || defaultSize, MAX_PAGE_SIZE);
  if (pageToken === '') return { before: Number.POSITIVE_INFINITY, size };
  const before = Buffer.from(pageToken, 'base64url').toString().split('/', 1)[0] ?? '';
  // Exactly what we would have written: decoding base64 forgives too much.
  if (!/^\d{1,15}$/.test(before) || pageToken !== encodePageToken(Number(before), filters)) {
    const description = 'expected the next_page_token of a page of the same list and filters';
    throw invalidFields([{ field: 'page_token', description }]);
  }
  return { before: Number(before), size };
}

/** The first items of a sequence, and whether there are more. */
export function take<T>(items: Iterable<T>, size: number): { page: T[]; hasMore: boolean } {
  const page: T[] = [];
  for (const item of items) {
    if (page.length === size) return { page, hasMore: true };
    page.push(item);
  }
  return { page, hasMore: false };
}
