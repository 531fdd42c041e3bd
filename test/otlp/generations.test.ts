import { expect, test } from 'vitest';
import { Generations } from '../../src/otlp/generations.ts';

test('of more bytes than there may be, the newest half at least is kept', () => {
  const kept = new Generations<number>(1000, 60_000, 100);
  for (let i = 0; i < 30; i += 1) kept.set(`${i}`, i, 0, 10);
  expect(kept.size).toBeLessThanOrEqual(10);
  expect([25, 26, 27, 28, 29].map((i) => kept.get(`${i}`))).toEqual([25, 26, 27, 28, 29]);
  expect(kept.get('0')).toBeUndefined();
});

test('values that have not grown take none', () => {
  const kept = new Generations<number>(1000, 60_000, 100);
  kept.set('first', 1, 0, 10);
  for (let i = 0; i < 100; i += 1) kept.set('first', i, 0);
  expect(kept.get('first')).toBe(99);
});
