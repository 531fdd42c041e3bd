import { toBinary } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Value } from '../../src/domain/value.ts';
import { encodedBytes } from '../../src/domain/value-size.ts';
import { toProtoValue } from '../../src/wire/value.ts';

const asEncoded = (value: Value) => toBinary(ValueSchema, toProtoValue(value)).length;

test('a value takes as many bytes as it does when it is encoded', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5, stringUnit: 'grapheme' }), (json) => {
      const value = json as Value;
      expect(encodedBytes(value)).toBe(asEncoded(value));
    }),
  );
});

test.each([126, 127, 128, 129, 16_380, 16_384, 20_000])('a text of %d bytes, too', (length) => {
  for (const value of ['x'.repeat(length), ['é'.repeat(length)], { ['k'.repeat(length)]: true }]) {
    expect(encodedBytes(value)).toBe(asEncoded(value));
  }
});
