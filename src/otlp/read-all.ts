import { LearningError } from '../domain/errors.ts';
import type { Sliced } from '../domain/slices.ts';
import { FieldReader } from './field-reader.ts';
import { findItems, type Item, type Wanted } from './read-spans.ts';

/** Items that are read between two chances for other work. */
const STEP = 32;

/**
 * Reads all spans, log records or metrics of a request. Throws MALFORMED.
 *
 * @param wanted attributes of resources that are kept
 */
export function* readAll<T>(
  bytes: Uint8Array,
  wanted: Wanted,
  read: (reader: FieldReader, item: Item) => T,
): Sliced<readonly T[]> {
  try {
    const reader = new FieldReader(bytes);
    const all: T[] = [];
    for (const [index, item] of findItems(reader, wanted).entries()) {
      all.push(read(reader, item));
      if (index % STEP === 0) yield;
    }
    return all;
  } catch (cause) {
    throw malformed(cause);
  }
}

function malformed(cause: unknown): LearningError {
  return new LearningError('MALFORMED', 'the request is not a valid one of OTLP', { cause });
}
