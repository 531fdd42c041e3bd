import { parentPort, workerData } from 'node:worker_threads';
import { backUpLedger } from './backup.ts';
import type { BackupOrder } from './backup-in-thread.ts';

// The thread of `backUpInThread`. The worker emits what it throws as `error`.
const { directory, file } = workerData as BackupOrder;
parentPort?.postMessage(await backUpLedger(directory, file, { force: true }));
