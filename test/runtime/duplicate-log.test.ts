import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createDuplicateLog } from '../../src/runtime/duplicate-log.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

test.each([
  ['retries are few', 81, 19, []],
  ['many duplicates are said', 79, 21, [{ reports: 100, duplicates: 21, seconds: 60 }]],
  ['of a few reports, nothing is said', 0, 99, []],
])('%s', async (_, recorded, duplicates, lines) => {
  const said: object[] = [];
  const log = pino({}, { write: (line: string) => void said.push(JSON.parse(line)) });
  const clock = new ManualClock();
  const note = createDuplicateLog(log, clock);
  note({ recorded, duplicates: 0 });
  await clock.advance(60_000);
  note({ recorded: 0, duplicates });
  // Each stretch begins anew.
  await clock.advance(60_000);
  note({ recorded: 100, duplicates: 0 });
  expect(said).toMatchObject(lines);
  expect(said).toHaveLength(lines.length);
});
