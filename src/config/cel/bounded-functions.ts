import {
  type CelFunc,
  type CelList,
  CelScalar,
  celFunc,
  celList,
  celMethod,
  listType,
} from '@bufbuild/cel';
import { MAX_LIST_LENGTH, MAX_TEXT_LENGTH } from '../keys/limits.ts';

const { BYTES, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);

/** Throws an `Error` if an expression would make a text of more than `MAX_TEXT_LENGTH` characters. */
export function boundText(length: number): void {
  if (length > MAX_TEXT_LENGTH) {
    throw new Error(`expected a text of at most ${MAX_TEXT_LENGTH} characters, found ${length}`);
  }
}

function addTexts(left: string, right: string): string {
  boundText(left.length + right.length);
  return left + right;
}

function addBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  boundText(left.length + right.length);
  return Uint8Array.from([...left, ...right]);
}

// Copies both lists. The package nests lists instead, one level deeper for each element that `map` adds.
function addLists(left: CelList, right: CelList): CelList {
  const length = left.size + right.size;
  if (length > MAX_LIST_LENGTH) {
    throw new Error(`expected a list of at most ${MAX_LIST_LENGTH} elements, found ${length}`);
  }
  return celList([...left, ...right]);
}

function replace(this: string, from: string, to: string, limit = -1n): string {
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  let length = this.length;
  return this.replaceAll(from, (found) => {
    if (left <= 0) return found;
    left -= 1;
    length += to.length - found.length;
    boundText(length);
    return to;
  });
}

function join(this: CelList, separator = ''): string {
  const texts = Array.from(this, (item) => {
    if (typeof item !== 'string') throw new Error('join: expected texts in the list');
    return item;
  });
  boundText(texts.reduce((sum, text) => sum + separator.length + text.length, 0));
  return texts.join(separator);
}

/**
 * The functions of CEL by which a short expression could make a very long text or list, with a bound on their results.
 * They replace the package's own functions.
 */
export const boundedFunctions: readonly CelFunc[] = [
  celFunc('_+_', [STRING, STRING], STRING, addTexts),
  celFunc('_+_', [BYTES, BYTES], BYTES, addBytes),
  celFunc('_+_', [LIST, LIST], LIST, addLists),
  celMethod('replace', STRING, [STRING, STRING], STRING, replace),
  celMethod('replace', STRING, [STRING, STRING, INT], STRING, replace),
  celMethod('join', LIST, [], STRING, join),
  celMethod('join', LIST, [STRING], STRING, join),
];
