import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable, printableJson, printableLines } from '../../src/domain/printable.ts';

const HOSTILE = 'a\u001b[2Jb\r\nforged\u202ec\u2028d\u009b1mé😀\ud800';

test('what does not show is replaced, and a text stays one line', () => {
  expect(printable(HOSTILE)).toBe('a?[2Jb forged?c d?1mé😀?');
  expect(printableLines(`one\n${HOSTILE}`)).toBe('one\na?[2Jb?\nforged?c?d?1mé😀?');
});

test('JSON holds the same data afterwards, and nothing that does not show', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = printableJson(JSON.stringify({ [text]: [HOSTILE, text] }, null, 2));
      expect(JSON.parse(json)).toEqual({ [text]: [HOSTILE, text] });
      expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
