import { expect, test } from 'vitest';
import { decodeEvent } from '../../src/ledger/codec.ts';

test('an event of a kind that a newer release wrote is refused by its name', () => {
  const text = JSON.stringify({ kind: 'delta_blessed', deltaId: 'id-1' });
  expect(() => decodeEvent('delta_blessed', text)).toThrow(
    'delta_blessed, which a newer release wrote',
  );
  expect(() => decodeEvent('toString', '{"kind":"toString"}')).toThrow('a newer release');
});
