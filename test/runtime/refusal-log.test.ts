import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createRefusalLog } from '../../src/runtime/refusal-log.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

test('refusals for want of room are logged at once, and then now and then', async () => {
  const lines: { reason: string; refused_so_far: number }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const clock = new ManualClock();
  const refused = createRefusalLog(log, clock);
  refused('OVERLOADED');
  for (let i = 0; i < 100; i += 1) refused('OVERLOADED');
  refused('TOO_MANY_STREAMS');
  refused('INVALID_FIELD');
  await clock.advance(10_000);
  refused('OVERLOADED');
  expect(lines.map((line) => [line.reason, line.refused_so_far])).toEqual([
    ['OVERLOADED', 1],
    ['TOO_MANY_STREAMS', 1],
    ['OVERLOADED', 102],
  ]);
});
