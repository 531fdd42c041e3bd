import { expect, test } from 'vitest';
import { sampled } from '../../src/access/log-sampler.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

test('of a flood, some lines are logged, and how many were not', async () => {
  const clock = new ManualClock();
  const lines: unknown[] = [];
  const log = sampled((fields, message) => void lines.push([fields, message]), clock);
  for (let i = 0; i < 100; i += 1) log({ i }, 'refused');
  expect(lines).toHaveLength(10);
  expect(lines[9]).toEqual([{ i: 9 }, 'refused']);
  await clock.advance(1000);
  expect(lines.slice(10)).toEqual([[{ count: 90 }, expect.stringMatching(/more .* were refused/)]]);
  log({ i: 100 }, 'refused');
  expect(lines).toHaveLength(12);
  await clock.advance(5000);
  expect(lines).toHaveLength(12);
});
