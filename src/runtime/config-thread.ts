import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from '../config/fault.ts';
import { checkConfigFile } from '../config/load.ts';
import type { CheckAnswer, CheckOrder } from './config-in-thread.ts';

// The thread of `parseInThread`.
const { text, file } = workerData as CheckOrder;

function check(): CheckAnswer {
  try {
    return { checked: checkConfigFile(text, file) };
  } catch (error) {
    if (error instanceof ConfigError) return { faults: error.faults };
    throw error;
  }
}

parentPort?.postMessage(check());
