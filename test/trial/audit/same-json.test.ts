import { expect, test } from 'vitest';
import { isSame } from '../../../src/trial/audit/same-json.ts';

/** A number, and the same but for its last bit. */
const [ONE, OTHER] = [0.1 + 0.2, 0.3];

test('results of the same computation are the same, whichever engine made them', () => {
  expect(isSame({ e: [[ONE, 1, -ONE]] }, { e: [[OTHER, 1, -OTHER]] })).toBe(true);
  expect(isSame({ e: 1 + 1e-7 }, { e: 1 })).toBe(false);
});

test('whole numbers, names and fields are the same only if they are equal', () => {
  expect(isSame(1_700_000_000_000, 1_700_000_000_001)).toBe(false);
  expect(isSame({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  expect(isSame({ a: 1, b: 2 }, { a: 1, c: 2 })).toBe(false);
  expect(isSame([1], { 0: 1 })).toBe(false);
  expect(isSame(null, {})).toBe(false);
  expect(isSame('1', 1)).toBe(false);
  expect(isSame({ a: undefined }, {})).toBe(true);
});
