import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Awaitable } from '../../src/ledger/awaitable.ts';
import type { LedgerEvent } from '../../src/ledger/event.ts';
import { emptyHead, type Head } from '../../src/ledger/head.ts';
import type { LedgerStore } from '../../src/ledger/store.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { ThreadedStore } from '../../src/store/thread/threaded-store.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';

/** Every store keeps this contract. `reopen` is what a restart of the process would see. */
interface Harness {
  readonly store: LedgerStore;
  reopen(): Promise<LedgerStore>;
  dispose(): Promise<void>;
}

async function memoryHarness(): Promise<Harness> {
  const store = createMemoryStore();
  return { store, reopen: async () => store, dispose: async () => store.close() };
}

async function onDisk(open: (directory: string) => Awaitable<LedgerStore>): Promise<Harness> {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  let store = await open(directory);
  return {
    store,
    async reopen() {
      await store.close();
      store = await open(directory);
      return store;
    },
    async dispose() {
      await store.close();
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

async function contentOf(store: LedgerStore) {
  const stored = await store.load();
  return stored && { head: stored.head, events: [...stored.events] };
}

describe.each([
  ['memory', memoryHarness],
  ['sqlite', () => onDisk(openSqliteStore)],
  ['threaded', () => onDisk(ThreadedStore.open)],
])('the %s store', (_name, createHarness) => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await createHarness();
  });
  afterEach(async () => await harness.dispose());

  test('is empty at first, and after a restart', async () => {
    expect(await harness.store.load()).toBeUndefined();
    expect(await (await harness.reopen()).load()).toBeUndefined();
  });

  test('keeps a head without events', async () => {
    await harness.store.commit({ events: [], drop: [], head: headAt(0, 0) });
    expect(await contentOf(await harness.reopen())).toEqual({ head: headAt(0, 0), events: [] });
  });

  test('keeps events in order, to the last bit', async () => {
    const events = [
      { position: 1, event: METRICS },
      { position: 2, event: TASKS },
    ];
    await harness.store.commit({ events, drop: [], head: headAt(2, 2) });
    expect(await contentOf(await harness.reopen())).toEqual({ head: headAt(2, 2), events });
  });

  test('recovers after a restart, too, before anything is committed', async () => {
    await harness.store.commit({ events: [], drop: [], head: headAt(0, 0) });
    const again = await harness.reopen();
    await again.load();
    expect(await again.recover()).toBe(false);
    await again.commit({
      events: [{ position: 1, event: METRICS }],
      drop: [],
      head: headAt(1, 1),
    });
    expect((await contentOf(await harness.reopen()))?.events).toHaveLength(1);
  });

  test('drops what is not needed in the commit that says so', async () => {
    const first = [
      { position: 1, event: METRICS },
      { position: 2, event: TASKS },
    ];
    await harness.store.commit({ events: first, drop: [], head: headAt(2, 2) });
    const event = { position: 3, event: METRICS };
    await harness.store.commit({ events: [event], drop: [1], head: headAt(3, 2) });
    expect(await contentOf(await harness.reopen())).toEqual({
      head: headAt(3, 2),
      events: [first[1], event],
    });
  });

  test('puts an event in the place of one that is dropped', async () => {
    const first = [
      { position: 1, event: TASKS },
      { position: 2, event: METRICS },
    ];
    await harness.store.commit({ events: first, drop: [], head: headAt(2, 2) });
    const ids = { kind: 'task_ids_kept', taskIds: ['a', 'b'] } as const;
    const events = [
      { position: 1, event: ids },
      { position: 3, event: METRICS },
    ];
    await harness.store.commit({ events, drop: [1], head: headAt(3, 3) });
    expect((await contentOf(await harness.reopen()))?.events).toEqual([
      events[0],
      first[1],
      events[1],
    ]);
  });

  test('reads events again by their positions, without those that are gone', async () => {
    const events = [
      { position: 1, event: METRICS },
      { position: 2, event: TASKS },
      { position: 3, event: METRICS },
    ];
    await harness.store.commit({ events, drop: [], head: headAt(3, 3) });
    await harness.store.commit({ events: [], drop: [1], head: headAt(3, 2) });
    expect(await harness.store.read([1, 2, 3, 4])).toEqual(events.slice(1));
    expect(await harness.store.read([])).toEqual([]);
  });

  test('what was given to it may change afterwards', async () => {
    const head = headAt(1, 1);
    const committed = harness.store.commit({
      events: [{ position: 1, event: METRICS }],
      drop: [],
      head,
    });
    head.position = 99;
    head.parameters.p = 'changed';
    await committed;
    expect((await contentOf(await harness.reopen()))?.head).toEqual(headAt(1, 1));
  });

  test('is the sum of its commits', async () => {
    const step = fc.record({ add: fc.integer({ min: 0, max: 4 }), drop: fc.nat({ max: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const fresh = await createHarness();
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
          await fresh.store.commit({ events, drop: dropped, head: headAt(position, model.size) });
        }
        const expected = [...model].map(([at, event]) => ({ position: at, event }));
        expect((await contentOf(await fresh.reopen()))?.events ?? []).toEqual(expected);
        await fresh.dispose();
      }),
      { numRuns: 10 },
    );
  });
});
