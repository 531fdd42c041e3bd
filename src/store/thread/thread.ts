import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteStore } from '../sqlite/open.ts';
import type { SqliteStore } from '../sqlite/store.ts';
import { type StoreAnswer, type StoreCall, sentError, type ThreadData } from './messages.ts';

// The thread of `ThreadedStore`: it does all that may wait for a disk or a lock.

const port = parentPort;
if (port === null) throw new Error('expected to be a worker thread');

let store: SqliteStore | undefined;
let sizeBytes = 0;

function answer(number: number, work: () => Partial<StoreAnswer>): void {
  let outcome: Partial<StoreAnswer>;
  try {
    outcome = work();
    sizeBytes = store?.sizeBytes() ?? 0;
  } catch (error) {
    outcome = { fault: sentError(error) };
  }
  port?.postMessage({ number, sizeBytes, ...outcome });
}

function perform(call: StoreCall): Partial<StoreAnswer> {
  if (store === undefined) throw new Error('the ledger is not open');
  switch (call.call) {
    case 'write':
      store.write(call.commit);
      return {};
    case 'check':
      store.check();
      return {};
    case 'recover':
      return { isDone: store.recover() };
    case 'close':
      store.close();
      return {};
  }
}

port.on('message', (call: StoreCall) => {
  answer(call.number, () => perform(call));
  if (call.call === 'close') port.close();
});
answer(0, () => {
  store = openSqliteStore((workerData as ThreadData).directory);
  // It learns what is committed; the rows are read by the other thread.
  store.load();
  return {};
});
