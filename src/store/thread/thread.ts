import { parentPort, workerData } from 'node:worker_threads';
import { openSqliteStore } from '../sqlite/open.ts';
import { type StoreAnswer, type StoreCall, sentError } from './messages.ts';

// The thread of `ThreadedStore`. It does everything that may wait for a disk or a lock.

const port = parentPort;
if (port === null) throw new Error('expected to be a worker thread');

function answer(answered: StoreAnswer): void {
  port?.postMessage(answered);
}

try {
  const store = openSqliteStore(String(workerData));
  // The store remembers the committed head by this; the main thread reads the rows.
  store.load();
  let sizeBytes = store.sizeBytes();
  const perform = (call: StoreCall): Partial<StoreAnswer> => {
    if (call.call === 'recover') return { isDone: store.recover() };
    if (call.call === 'read') return { rows: store.readRows(call.positions) };
    if (call.call === 'write') store.write(call.commit);
    else store[call.call]();
    return {};
  };
  port.on('message', (call: StoreCall) => {
    try {
      const outcome = perform(call);
      sizeBytes = store.sizeBytes();
      answer({ sizeBytes, ...outcome });
    } catch (error) {
      answer({ sizeBytes, fault: sentError(error) });
    }
    if (call.call === 'close') port.close();
  });
  answer({ sizeBytes });
} catch (error) {
  answer({ sizeBytes: 0, fault: sentError(error) });
}
