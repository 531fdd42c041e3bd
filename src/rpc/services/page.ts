import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { invalidFields } from '../../domain/errors.ts';
import { fill } from './bounded-list.ts';

/** A requested page: where it starts and its length. */
export interface Page {
  /** The page has items with lower numbers only, newest first. */
  readonly before: number;
  readonly size: number;
  /** What the list is filtered by. */
  readonly filters: string;
}

export const MAX_PAGE_SIZE = 1000;

/** How the items of a list become messages. */
interface ListOf<T, S extends DescMessage> {
  readonly schema: S;
  toMessage(item: T): MessageInitShape<S>;
  /** The number of an item, by which the list is sorted, the highest first. */
  numberOf(item: T): number;
}

/**
 * Throws `INVALID_FIELD` unless the token was issued for a page of the same list.
 *
 * @param field the name of the token's field in the request
 */
export function readPage(
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
  defaultSize: number,
  filters: string,
  field = 'page_token',
): Page {
  const size = Math.min(pageSize || defaultSize, MAX_PAGE_SIZE);
  if (pageToken === '') return { before: Number.POSITIVE_INFINITY, size, filters };
  const before = Buffer.from(pageToken, 'base64url').toString().split('/', 1)[0] ?? '';
  // Decoding base64 is lenient, so the token is compared with what would have been issued.
  if (!/^\d{1,15}$/.test(before) || pageToken !== encodePageToken(Number(before), filters)) {
    const description = `expected the next_${field} of a page of the same list and filters`;
    throw invalidFields([{ field, description }]);
  }
  return { before: Number(before), size, filters };
}

/** A page of a list, newest first, and the token of the next one; empty if there is none. */
export function takePage<T, S extends DescMessage>(
  { size, filters }: Page,
  items: Iterable<T>,
  list: ListOf<T, S>,
): { readonly messages: MessageShape<S>[]; readonly nextPageToken: string } {
  const { messages, last, hasMore } = fill(items, list, { count: size });
  const isLast = !hasMore || last === undefined;
  return { messages, nextPageToken: isLast ? '' : encodePageToken(list.numberOf(last), filters) };
}

/** @param filters what the list is filtered by: a token is valid with the same filters only */
function encodePageToken(before: number, filters: string): string {
  return Buffer.from(`${before}/${filters}`).toString('base64url');
}
