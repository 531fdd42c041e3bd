import { expect, test } from 'vitest';
import { FieldReader } from '../../src/otlp/field-reader.ts';

/** Field 9 of a message, a varint of 0. */
const EMPTY = [0x48, 0];

const countOf = (fields: number): number => {
  let seen = 0;
  const bytes = Uint8Array.from(Array.from({ length: fields }, () => EMPTY).flat());
  new FieldReader(bytes).fields(() => {
    seen += 1;
  });
  return seen;
};

test('a message of more fields than any export has is refused where they begin', () => {
  expect(countOf(200_000)).toBe(200_000);
  expect(() => countOf(200_001)).toThrow('more than 200000 fields in a message');
});
