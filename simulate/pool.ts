import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Samples, Scale } from './experiment.ts';

/** Some runs of one experiment. */
export interface Portion {
  readonly section: string;
  readonly experiment: string;
  /** Its runs from `from` to `to - 1`. */
  readonly from: number;
  readonly to: number;
}

/** A message to a worker. */
export interface Assignment {
  readonly scale: Scale;
  readonly portion: Portion;
}

/** Runs portions in parallel workers; answers their results in the same order. */
export async function playPortions(
  scale: Scale,
  portions: readonly Portion[],
): Promise<readonly Samples[]> {
  const results: Samples[] = [];
  let next = 0;
  const work = async () => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    try {
      while (next < portions.length) {
        const place = next;
        next += 1;
        const portion = portions[place];
        if (portion !== undefined) results[place] = await ask(worker, { scale, portion });
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}

function ask(worker: Worker, assignment: Assignment): Promise<Samples> {
  const { promise, resolve, reject } = Promise.withResolvers<Samples>();
  worker.once('error', reject);
  worker.once('message', (samples: Samples) => {
    worker.off('error', reject);
    resolve(samples);
  });
  worker.postMessage(assignment);
  return promise;
}
