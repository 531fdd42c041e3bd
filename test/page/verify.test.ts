import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { hash } from '../../src/page/verify/hash.ts';

test.each(['', 'a', 'ünïcödé 🙂', 'x'.repeat(1000)])(
  'the hash of the page is that of node: %s',
  (text) => {
    expect(hash('sha256', text)).toBe(createHash('sha256').update(text).digest('hex'));
  },
);
