import { expect, test } from 'vitest';
import { type Decision, Ledger } from '../../src/ledger/ledger.ts';
import { type Commit, type LedgerStore, MissingFault, StoreFault } from '../../src/ledger/store.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { taskOf } from '../support/engine/engine-fixture.ts';

const RETENTION = { historyLimit: 50, dedupWindow: 50, retainDeltas: 4, retainCycles: 3 };

/** A memory store whose commits end when the test says so. */
class WaitingStore implements LedgerStore {
  readonly #inner = createMemoryStore();
  /** The commit under way. */
  commits: { readonly commit: Commit; end(fault?: Error): void }[] = [];
  /** Commits so far. */
  begun = 0;
  fault: Error | undefined;

  async load() {
    return this.#inner.load();
  }

  commit(commit: Commit): Promise<void> {
    this.begun += 1;
    return new Promise((resolve, reject) => {
      const end = (fault?: Error) => {
        this.commits = this.commits.filter((one) => one.end !== end);
        if (fault !== undefined) return reject(fault);
        this.#inner.commit(commit);
        return resolve();
      };
      this.commits.push({ commit, end });
    });
  }

  read = async () => [];
  async check() {
    if (this.fault !== undefined) throw this.fault;
  }

  async recover() {
    if (this.fault !== undefined) throw this.fault;
    return false;
  }

  sizeBytes() {
    return 0;
  }

  async close() {}
}

async function openLedger() {
  const store = new WaitingStore();
  const told: (string | undefined)[] = [];
  const opening = Ledger.open({
    ...{ store, retention: RETENTION, newEpoch: () => 'e', defer: queueMicrotask },
    onAvailability: (failure) => told.push(failure?.message),
  });
  await turns();
  store.commits[0]?.end();
  return { store, told, ledger: await opening };
}

/** All that is due without the store. */
async function turns(): Promise<void> {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
}

function record(taskId: string): Decision<number> {
  return () => ({
    events: [{ kind: 'tasks_recorded', tasks: [taskOf({ taskId })] }],
    result: ({ head }) => head.counters.tasksRecorded,
  });
}

test('what comes while a commit is under way goes with the next, all together', async () => {
  const { store, ledger } = await openLedger();
  const first = ledger.transact(record('a'));
  await turns();
  const later = ['b', 'c', 'd'].map((id) => ledger.transact(record(id)));
  await turns();
  expect(store.commits).toHaveLength(1);
  // Readers see what is durable.
  expect(ledger.state.taskCount).toBe(0);
  store.commits[0]?.end();
  expect(await first).toBe(1);
  await turns();
  expect(ledger.state.taskCount).toBe(1);
  store.commits[0]?.end();
  expect(await Promise.all(later)).toEqual([2, 3, 4]);
  // The first one made the ledger.
  expect(store.begun).toBe(3);
});

test('a decision that waited is made on what became of the commit before it', async () => {
  const { store, told, ledger } = await openLedger();
  const lost = ledger.transact(record('a'));
  const refused = expect(lost).rejects.toMatchObject({ reason: 'LEDGER_UNAVAILABLE' });
  await turns();
  const after = ledger.transact((view) => ({ events: [], result: () => view.hasTaskId('a') }));
  const early = expect(ledger.transact(record('b'))).rejects.toThrow(/the disk is full$/);
  await turns();
  store.commits[0]?.end(new StoreFault('the disk is full'));
  await Promise.all([refused, early]);
  await expect(after).rejects.toThrow(/the disk is full$/);
  expect(ledger.state.taskCount).toBe(0);
  await ledger.check();
  expect(told).toEqual(['the disk is full', undefined]);
  const again = ledger.transact(record('a'));
  await turns();
  store.commits[0]?.end();
  expect(await again).toBe(1);
});

test('it closes after the commit under way and what waits', async () => {
  const { store, ledger } = await openLedger();
  const first = ledger.transact(record('a'));
  await turns();
  const second = ledger.transact(record('b'));
  let isClosed = false;
  const closed = ledger.close().then(() => {
    isClosed = true;
  });
  for (let i = 0; i < 2; i += 1) {
    await turns();
    expect(isClosed).toBe(false);
    store.commits[0]?.end();
  }
  expect(await Promise.all([first, second])).toEqual([1, 2]);
  await closed;
  expect(store.commits).toEqual([]);
});

test('what is still missing when it closes is lost, and its end says so', async () => {
  const { store, ledger } = await openLedger();
  store.fault = new MissingFault('its file was removed');
  await ledger.check();
  expect(ledger.failure).toBe('its file was removed');
  await expect(ledger.close()).rejects.toThrow(/is lost: its file was removed$/);
});
