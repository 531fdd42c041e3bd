import {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';

/**
 * Maximum bytes of a list in an answer. By default, clients take 4 MiB: half of that is left for the answer's other
 * fields, and for a first item that is longer than this maximum.
 */
export const MAX_LIST_BYTES = 2 * 1024 * 1024;

/** Maximum bytes of an item's tag (two) and length (four). */
const HEADER_BYTES = 6;

/** How much of a list is sent. */
export interface ListBounds {
  readonly count: number;
  /** `MAX_LIST_BYTES` if it is not given. */
  readonly bytes?: number;
}

/** The first items of a list, as messages. */
export interface Filled<T, M> {
  readonly messages: M[];
  /** The last item among them. */
  readonly last: T | undefined;
  /** Whether there are items after the last one. */
  readonly hasMore: boolean;
}

/** As many first items of a list as the bounds allow, and at least one. */
export function fill<T, S extends DescMessage>(
  items: Iterable<T>,
  { schema, toMessage }: { readonly schema: S; toMessage(item: T): MessageInitShape<S> },
  { count, bytes = MAX_LIST_BYTES }: ListBounds,
): Filled<T, MessageShape<S>> {
  const messages: MessageShape<S>[] = [];
  let last: T | undefined;
  let taken = 0;
  for (const item of items) {
    if (messages.length === count) return { messages, last, hasMore: true };
    const message = create(schema, toMessage(item));
    taken += toBinary(schema, message).length + HEADER_BYTES;
    if (taken > bytes && messages.length > 0) return { messages, last, hasMore: true };
    messages.push(message);
    last = item;
  }
  return { messages, last, hasMore: false };
}
