import { Worker } from 'node:worker_threads';
import { ConfigError, type ConfigFault } from '../config/fault.ts';
import { type CheckedConfig, compileConfig, type LoadedConfig } from '../config/load.ts';
import { runInSlices } from '../domain/slices.ts';

/** The thread's module: in TypeScript when run from source, in JavaScript when built. */
const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './config-thread.ts' : './config-thread.js',
  import.meta.url,
);

export interface CheckOrder {
  readonly text: string;
  readonly file: string | undefined;
}

export type CheckAnswer =
  | { readonly checked: CheckedConfig }
  | { readonly faults: readonly ConfigFault[] };

/**
 * As `parseConfigFile`, while calls go on to be answered: a thread for this config alone reads the text and tries its
 * rules. Rejects with a `ConfigError`.
 */
export async function parseInThread(order: CheckOrder): Promise<LoadedConfig> {
  const answer = await new Promise<CheckAnswer>((resolve, reject) => {
    const worker = new Worker(THREAD, { workerData: order });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that reads the config has ended')));
  });
  if ('faults' in answer) throw new ConfigError(answer.faults);
  const monotonic = () => performance.now();
  return await runInSlices(compileConfig(answer.checked), monotonic, setImmediate);
}
