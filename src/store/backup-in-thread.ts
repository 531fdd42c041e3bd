import { Worker } from 'node:worker_threads';
import type { LedgerSummary } from './backup.ts';

/** From source, and as built. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './backup-thread.ts' : './backup-thread.js',
  import.meta.url,
);

export interface BackupOrder {
  /** The data directory. */
  readonly directory: string;
  readonly file: string;
}

/** As `backUpLedger`, forced, in a thread that ends with it: reading the copy back takes a while. */
export function backUpInThread(order: BackupOrder): Promise<LedgerSummary> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(THREAD, { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread of the backup has ended')));
  });
}
