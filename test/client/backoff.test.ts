import { expect, test } from 'vitest';
import { createBackoff } from '../../src/client/backoff.ts';

test('delays double up to a second, any part of each, and start over after a success', () => {
  const backoff = createBackoff(() => 0.5);
  const delays = () => Array.from({ length: 5 }, () => backoff.next());
  expect(delays()).toEqual([100, 200, 400, 500, 500]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
  expect(createBackoff(() => 0).next()).toBe(0);
});
