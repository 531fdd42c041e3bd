import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { LedgerSummary } from './backup.ts';

/** A `.ts` file in the sources, a `.js` file once built. */
const THREAD = new URL(`./backup-thread${extname(import.meta.url)}`, import.meta.url);

export interface BackupOrder {
  /** The data directory. */
  readonly directory: string;
  readonly file: string;
}

/** Runs `backUpLedger` with `force` in a thread of its own: reading the copy back takes a while. */
export function backUpInThread(order: BackupOrder): Promise<LedgerSummary> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(THREAD, { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread of the backup has ended')));
  });
}
