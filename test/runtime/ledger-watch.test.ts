import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { MissingFault, StoreFault } from '../../src/ledger/store.ts';
import { LedgerWatch } from '../../src/runtime/ledger-watch.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { ManualClock } from '../support/engine/manual-clock.ts';

test('looks after the ledger every second, and tells each change once', async () => {
  const clock = new ManualClock();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const told: boolean[] = [];
  const watch = new LedgerWatch(clock, log);
  const store = createMemoryStore();
  let fault: StoreFault | undefined;
  let looks = 0;
  store.check = () => {
    looks += 1;
    if (fault !== undefined) throw fault;
  };
  store.recover = () => {
    store.check();
    return false;
  };
  const ledger = Ledger.open({
    store,
    retention: { historyLimit: 1, dedupWindow: 1, retainDeltas: 1, retainCycles: 1 },
    newEpoch: () => 'e',
    defer: () => {},
    onAvailability: (failure) => watch.noteAvailability(failure),
  });
  watch.start(ledger, (isWritable) => told.push(isWritable));
  await clock.advance(3000);
  expect([looks, told]).toEqual([3, []]);
  fault = new StoreFault('the disk is full', { cause: new Error('ENOSPC') });
  await clock.advance(3000);
  expect([looks, told]).toEqual([6, [false]]);
  expect(ledger.failure).toBe('the disk is full');
  fault = undefined;
  await clock.advance(2000);
  expect(told).toEqual([false, true]);
  expect(lines).toMatchObject([
    {
      level: 50,
      reason: 'the disk is full',
      msg: expect.stringMatching(/^the ledger cannot be written: the disk is full\. What was/),
    },
    { level: 30, msg: 'the ledger can be written again' },
  ]);
  fault = new MissingFault('its directory was removed');
  await clock.advance(1000);
  watch.stop();
  await clock.advance(5000);
  expect(looks).toBe(9);
  fault = new MissingFault('its file was removed');
  await expect(ledger.close()).rejects.toThrow(/is lost: its file was removed$/);
  expect(lines.slice(2).map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/directory was removed\. Only this process still has .* every second$/),
    expect.stringMatching(/file was removed\. Only this process .* once more before the end$/),
  ]);
});
