import { parentPort, workerData } from 'node:worker_threads';
import { backUpLedger } from './backup.ts';
import type { BackupOrder } from './backup-in-thread.ts';

// The thread of `backUpInThread`. What it throws is told to the other one as an error of its worker.
const { directory, file } = workerData as BackupOrder;
parentPort?.postMessage(await backUpLedger(directory, file, { force: true }));
