import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerEvent } from '../../src/ledger/event.ts';
import { emptyHead, type Head } from '../../src/ledger/head.ts';
import type { SyncLedgerStore } from '../../src/ledger/store.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { taskOf } from '../support/engine-fixture.ts';

/** Every store keeps this contract. `reopen` is what a restart of the process would see. */
interface Harness {
  readonly store: SyncLedgerStore;
  reopen(): SyncLedgerStore;
  dispose(): void;
}

function memoryHarness(): Harness {
  const store = createMemoryStore();
  return { store, reopen: () => store, dispose: () => store.close() };
}

function sqliteHarness(): Harness {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  let open = openSqliteStore(directory);
  return {
    store: open,
    reopen() {
      open.close();
      open = openSqliteStore(directory);
      return open;
    },
    dispose() {
      open.close();
      rmSync(directory, { recursive: true });
    },
  };
}

const METRICS: LedgerEvent = {
  kind: 'metrics_reported',
  timeMs: 1,
  metrics: { subAgentCount: 3, cpuPercent: 1.5, values: { 'queue "depth"': 2 }, observeTimeMs: 1 },
};

const TASKS: LedgerEvent = {
  kind: 'tasks_recorded',
  tasks: [
    taskOf({ taskId: 'ä/1', status: 'timeout', latencyMs: 0.1, deltaSequence: 7 }),
    taskOf({ labels: { a: '\u0000\u2028' }, measurements: { cost: 1e-300 } }),
  ],
};

function headAt(position: number, storedEvents: number): Head {
  return { ...emptyHead('epoch'), position, storedEvents, parameters: { p: [null, { q: 'ü' }] } };
}

function contentOf(store: SyncLedgerStore) {
  const stored = store.load();
  return stored && { head: stored.head, events: [...stored.events] };
}

describe.each([
  ['memory', memoryHarness],
  ['sqlite', sqliteHarness],
])('the %s store', (_name, createHarness) => {
  let harness: Harness;
  beforeEach(() => {
    harness = createHarness();
  });
  afterEach(() => harness.dispose());

  test('is empty at first, and after a restart', () => {
    expect(harness.store.load()).toBeUndefined();
    expect(harness.reopen().load()).toBeUndefined();
  });

  test('keeps a head without events', () => {
    harness.store.commit({ events: [], drop: [], head: headAt(0, 0) });
    expect(contentOf(harness.reopen())).toEqual({ head: headAt(0, 0), events: [] });
  });

  test('keeps events in order, to the last bit', () => {
    const events = [
      { position: 1, event: METRICS },
      { position: 2, event: TASKS },
    ];
    harness.store.commit({ events, drop: [], head: headAt(2, 2) });
    expect(contentOf(harness.reopen())).toEqual({ head: headAt(2, 2), events });
  });

  test('drops what is not needed in the commit that says so', () => {
    const first = [
      { position: 1, event: METRICS },
      { position: 2, event: TASKS },
    ];
    harness.store.commit({ events: first, drop: [], head: headAt(2, 2) });
    const event = { position: 3, event: METRICS };
    harness.store.commit({ events: [event], drop: [1], head: headAt(3, 2) });
    expect(contentOf(harness.reopen())).toEqual({ head: headAt(3, 2), events: [first[1], event] });
  });

  test('what was given to it may change afterwards', () => {
    const head = headAt(1, 1);
    harness.store.commit({ events: [{ position: 1, event: METRICS }], drop: [], head });
    head.position = 99;
    head.parameters.p = 'changed';
    expect(contentOf(harness.reopen())?.head).toEqual(headAt(1, 1));
  });

  test('is the sum of its commits', () => {
    const step = fc.record({ add: fc.integer({ min: 0, max: 4 }), drop: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const fresh = createHarness();
        const model = new Map<number, LedgerEvent>();
        let position = 0;
        for (const { add, drop } of steps) {
          const dropped = [...model.keys()].slice(0, drop);
          for (const one of dropped) model.delete(one);
          const events = Array.from({ length: add }, () => {
            position += 1;
            const event = position % 2 === 0 ? TASKS : METRICS;
            model.set(position, event);
            return { position, event };
          });
          fresh.store.commit({ events, drop: dropped, head: headAt(position, model.size) });
        }
        const expected = [...model].map(([at, event]) => ({ position: at, event }));
        expect(contentOf(fresh.reopen())?.events ?? []).toEqual(expected);
        fresh.dispose();
      }),
      { numRuns: 25 },
    );
  });
});
