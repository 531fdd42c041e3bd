import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LearningError } from '../../src/domain/errors.ts';
import type { Retention } from '../../src/domain/settings.ts';
import { type Decision, Ledger } from '../../src/ledger/ledger.ts';
import {
  type Commit,
  MissingFault,
  StoreFault,
  type SyncLedgerStore,
} from '../../src/ledger/store.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';

const RETENTION = { historyLimit: 5, dedupWindow: 8, retainDeltas: 4, retainCycles: 3 };

/** A ledger whose commits happen when the test says `flush`. */
function openLedger(store: SyncLedgerStore = createMemoryStore()): Ledger {
  return Ledger.open({ store, retention: RETENTION, newEpoch: () => 'e', defer: () => {} });
}

/** A memory store that fails as it is told, and may do what it said it could not. */
function failingStore() {
  const inner = createMemoryStore();
  let isDone = false;
  const guard = () => {
    if (store.fault !== undefined) throw store.fault;
  };
  const store = {
    ...inner,
    fault: undefined as Error | undefined,
    isDoneAllTheSame: false,
    commit(one: Commit) {
      isDone = store.fault !== undefined && store.isDoneAllTheSame;
      if (store.fault === undefined || isDone) inner.commit(one);
      guard();
    },
    check: guard,
    recover() {
      guard();
      return isDone;
    },
  };
  return store;
}

function openFailing() {
  const store = failingStore();
  const told: (string | undefined)[] = [];
  const ledger = Ledger.open({
    ...{ store, retention: RETENTION, newEpoch: () => 'e', defer: () => {} },
    onAvailability: (failure) => told.push(failure?.message),
  });
  return { ledger, store, told };
}

function record(...taskIds: string[]): Decision<number> {
  return () => ({
    events: [{ kind: 'tasks_recorded', tasks: taskIds.map((taskId) => taskOf({ taskId })) }],
    result: ({ head }) => head.counters.tasksRecorded,
  });
}

describe('transact', () => {
  test('answers when the commit is done, and not before', async () => {
    const ledger = openLedger();
    let answer: number | undefined;
    const recorded = ledger.transact(record('a')).then((count) => {
      answer = count;
    });
    await Promise.resolve();
    expect(answer).toBeUndefined();
    expect(ledger.state.hasTaskId('a')).toBe(false);
    await ledger.flush();
    await recorded;
    expect(answer).toBe(1);
    expect(ledger.state.hasTaskId('a')).toBe(true);
  });

  test('decisions of one commit see those before them, and are one row', async () => {
    const store = createMemoryStore();
    const ledger = openLedger(store);
    const counts = Promise.all(['a', 'b', 'c'].map((id) => ledger.transact(record(id))));
    const seen = ledger.transact((view) => ({
      events: [],
      result: () => [view.hasTaskId('c'), view.hasTaskId('d'), view.taskCount],
    }));
    await ledger.flush();
    expect(await counts).toEqual([1, 2, 3]);
    expect(await seen).toEqual([true, false, 3]);
    expect([...(store.load()?.events ?? [])]).toHaveLength(1);
  });

  test('one that throws is refused alone', async () => {
    const ledger = openLedger();
    const before = ledger.transact(record('a'));
    const refused = ledger.transact(() => {
      throw new LearningError('DELTA_STATE', 'no');
    });
    const after = ledger.transact(record('b'));
    await ledger.flush();
    expect(await before).toBe(1);
    await expect(refused).rejects.toMatchObject({ reason: 'DELTA_STATE' });
    expect(await after).toBe(2);
  });

  test('a store that fails refuses the whole commit, changes nothing, and heals', async () => {
    const { ledger, store, told } = openFailing();
    store.fault = new StoreFault('the disk is full');
    const lost = [ledger.transact(record('a')), ledger.transact(record('b'))];
    await ledger.flush();
    for (const one of lost) {
      await expect(one).rejects.toMatchObject({
        reason: 'LEDGER_UNAVAILABLE',
        message: 'the ledger cannot be written: the disk is full',
      });
    }
    expect(ledger.failure).toBe('the disk is full');
    expect(ledger.state.taskCount).toBe(0);
    store.fault = undefined;
    // Not even tried: what the store holds has to be settled first.
    const early = ledger.transact(record('a'));
    const read = ledger.transact((view) => ({ events: [], result: () => view.taskCount }));
    await ledger.flush();
    await expect(early).rejects.toMatchObject({ reason: 'LEDGER_UNAVAILABLE' });
    await expect(read).rejects.toMatchObject({ reason: 'LEDGER_UNAVAILABLE' });
    const alone = ledger.transact((view) => ({ events: [], result: () => view.taskCount }));
    await ledger.flush();
    expect(await alone).toBe(0);
    await ledger.check();
    const kept = ledger.transact(record('a'));
    await ledger.flush();
    expect(await kept).toBe(1);
    expect(ledger.failure).toBeUndefined();
    expect(told).toEqual(['the disk is full', undefined]);
    expect(openLedger(store).state.hasTaskId('a')).toBe(true);
  });

  test('each change of the fault is told once, and a store that fails by itself is noticed', async () => {
    const { ledger, store, told } = openFailing();
    await ledger.check();
    store.fault = new StoreFault('its file was removed');
    for (let i = 0; i < 3; i += 1) await ledger.check();
    store.fault = new Error('no idea');
    for (let i = 0; i < 3; i += 1) await ledger.check();
    store.fault = undefined;
    for (let i = 0; i < 3; i += 1) await ledger.check();
    expect(told).toEqual(['its file was removed', 'no idea', undefined]);
  });

  test('what is still missing at the end is lost, and its end says so', async () => {
    const { ledger, store, told } = openFailing();
    store.fault = new StoreFault('the disk is full');
    await ledger.check();
    store.fault = new MissingFault('the disk is full');
    await ledger.check();
    expect(told).toEqual(['the disk is full', 'the disk is full']);
    await expect(ledger.close()).rejects.toThrow(MissingFault);
    const { ledger: full, store: disk } = openFailing();
    disk.fault = new StoreFault('the disk is full');
    await full.close();
    const { ledger: back, store: there } = openFailing();
    there.fault = new MissingFault('its file was removed');
    await back.check();
    there.fault = undefined;
    await back.close();
  });

  test('a commit that failed and turns out to be done is taken up', async () => {
    const { ledger, store } = openFailing();
    const notes: string[] = [];
    ledger.onCommit(({ events }) => notes.push(...events.map(({ kind }) => kind)));
    store.isDoneAllTheSame = true;
    store.fault = new StoreFault('the disk answers with an I/O error');
    const lost = ledger.transact(record('a'));
    await ledger.flush();
    await expect(lost).rejects.toMatchObject({ reason: 'LEDGER_UNAVAILABLE' });
    expect(ledger.state.hasTaskId('a')).toBe(false);
    store.fault = undefined;
    await ledger.check();
    expect(ledger.state.hasTaskId('a')).toBe(true);
    expect(notes).toEqual(['tasks_recorded']);
    const next = ledger.transact(record('b'));
    await ledger.flush();
    expect(await next).toBe(2);
    expect(openLedger(store).state.head).toEqual(ledger.state.head);
  });

  test('what a failed commit was to drop is dropped later', async () => {
    const { ledger, store } = openFailing();
    for (let i = 1; i <= 12; i += 1) {
      void ledger.transact(record(`t${i}`));
      await ledger.flush();
    }
    store.fault = new StoreFault('the disk is full');
    const lost = ledger.transact(record('t13'));
    await ledger.flush();
    await expect(lost).rejects.toThrow();
    store.fault = undefined;
    await ledger.check();
    void ledger.transact(record('t13'));
    await ledger.flush();
    expect([...(store.load()?.events ?? [])]).toHaveLength(9);
    expect(openLedger(store).state.head).toEqual(ledger.state.head);
  });

  test('a new ledger that cannot be stored is not opened', () => {
    const store = failingStore();
    store.fault = new StoreFault('the disk is full');
    expect(() => openLedger(store)).toThrow('the ledger cannot be written: the disk is full');
  });

  test('too many that wait are refused at once', async () => {
    const ledger = openLedger();
    const waiting = Array.from({ length: 10_000 }, () => ledger.transact(record('')));
    await expect(ledger.transact(record(''))).rejects.toMatchObject({ reason: 'OVERLOADED' });
    await ledger.flush();
    expect(await Promise.all(waiting)).toHaveLength(10_000);
  });
});

describe('retention', () => {
  test('keeps the newest tasks and ids, and counts all', async () => {
    const store = createMemoryStore();
    const ledger = openLedger(store);
    for (let i = 1; i <= 20; i += 1) {
      const recorded = ledger.transact(record(`t${i}`));
      await ledger.flush();
      expect(await recorded).toBe(i);
    }
    const { state } = ledger;
    expect(state.newestTasks(100).map(({ taskId }) => taskId)).toEqual([
      't16',
      't17',
      't18',
      't19',
      't20',
    ]);
    expect(state.hasTaskId('t12')).toBe(false);
    expect(state.hasTaskId('t13')).toBe(true);
    // One more than needed: a row is deleted by the commit after the one that made it needless.
    expect([...(store.load()?.events ?? [])]).toHaveLength(9);
    const again = openLedger(store);
    expect(again.state.newestTasks(100)).toEqual(state.newestTasks(100));
    expect(again.state.head.counters.tasksRecorded).toBe(20);
  });

  test('what is missing from the store is noticed', async () => {
    const store = createMemoryStore();
    const ledger = openLedger(store);
    void ledger.transact(record('a'));
    await ledger.flush();
    const stored = store.load();
    store.load = () => stored && { ...stored, events: [] };
    expect(() => openLedger(store)).toThrow(/should hold 1 events, but holds 0/);
  });

  test('batches of any size keep what is needed and no more than a batch beyond', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, async (batches) => {
        const store = createMemoryStore();
        const ledger = openLedger(store);
        const ids: string[] = [];
        for (const size of batches) {
          const batch = Array.from({ length: size }, (_, i) => `t${ids.length + i}`);
          ids.push(...batch);
          const done = ledger.transact(record(...batch));
          await ledger.flush();
          await done;
        }
        for (const state of [ledger.state, openLedger(store).state]) {
          const kept = state.newestTasks(100).map(({ taskId }) => taskId);
          expect(kept).toEqual(ids.slice(-RETENTION.historyLimit));
          const known = ids.filter((id) => state.hasTaskId(id));
          expect(known).toEqual(ids.slice(-RETENTION.dedupWindow));
        }
      }),
      { numRuns: 50 },
    );
  });

  test('ids outlive their tasks, without them, across failed commits and restarts', async () => {
    const retention = { ...RETENTION, dedupWindow: 2500 };
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 15, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 2, max: 9 }), async (batches, every) => {
        const store = failingStore();
        const open = () => Ledger.open({ store, retention, newEpoch: () => 'e', defer: () => {} });
        let ledger = open();
        const ids: string[] = [];
        for (const [i, size] of batches.entries()) {
          const batch = Array.from({ length: size }, (_, at) => `t${ids.length + at}`);
          if (i % every === 0) {
            store.fault = new StoreFault('disk full');
            store.isDoneAllTheSame = i % 2 === 0;
            const refused = ledger.transact(record(`never-${i}`, ...batch));
            await ledger.flush();
            await expect(refused).rejects.toThrow('disk full');
            store.fault = undefined;
            if (store.isDoneAllTheSame) ids.push(`never-${i}`, ...batch);
            await ledger.check();
            continue;
          }
          ids.push(...batch);
          const done = ledger.transact(record(...batch));
          await ledger.flush();
          await done;
          if (i % every === 1) ledger = open();
        }
        const stored = [...(store.load()?.events ?? [])].map(({ event }) => event);
        const tasks = stored.flatMap((event) =>
          event.kind === 'tasks_recorded' ? event.tasks : [],
        );
        // What is retained, ids too few for an event of their own, and what the next commit takes out.
        expect(tasks.length).toBeLessThanOrEqual(retention.historyLimit + 32 + 2 * 401);
        const kept = stored.flatMap((event) =>
          event.kind === 'task_ids_kept' ? event.taskIds : [],
        );
        expect(kept.length).toBeLessThanOrEqual(retention.dedupWindow + 3 * 401);
        for (const { state } of [ledger, open()]) {
          expect(state.newestTasks(100).map(({ taskId }) => taskId)).toEqual(
            ids.slice(-retention.historyLimit),
          );
          expect(ids.filter((id) => state.hasTaskId(id))).toEqual(
            ids.slice(-retention.dedupWindow),
          );
        }
      }),
      { numRuns: 30 },
    );
  });

  test('what is retained may change at any time, and at any start', async () => {
    const step = fc.record({
      size: fc.integer({ min: 1, max: 120 }),
      historyLimit: fc.constantFrom(1, 5, 300),
      dedupWindow: fc.constantFrom(0, 8, 200, 2500),
      how: fc.constantFrom('record', 'record', 'record', 'retain', 'reopen'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const store = failingStore();
        let retention: Retention = RETENTION;
        const open = () => Ledger.open({ store, retention, newEpoch: () => 'e', defer: () => {} });
        let ledger = open();
        const ids: string[] = [];
        for (const { size, how, historyLimit, dedupWindow } of steps) {
          if (how !== 'record') retention = { ...RETENTION, historyLimit, dedupWindow };
          if (how === 'retain') ledger.retain(retention);
          if (how === 'reopen') ledger = open();
          if (how !== 'record') continue;
          const batch = Array.from({ length: size }, (_, at) => `t${ids.length + at}`);
          ids.push(...batch);
          const done = ledger.transact(record(...batch));
          await ledger.flush();
          await done;
        }
        const { state } = open();
        expect(state.head.counters.tasksRecorded).toBe(ids.length);
        const known = ids.filter((id) => state.hasTaskId(id));
        expect(known).toEqual(ids.slice(ids.length - known.length));
        expect(known.length).toBeLessThanOrEqual(retention.dedupWindow);
      }),
      { numRuns: 60 },
    );
  });
});
