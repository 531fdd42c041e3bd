import { parentPort } from 'node:worker_threads';
import type { Samples } from './experiment.ts';
import type { Assignment } from './pool.ts';
import { sectionOf } from './sections.ts';

parentPort?.on('message', async (assignment: Assignment) => {
  parentPort?.postMessage(await play(assignment));
});

async function play({ scale, portion }: Assignment): Promise<Samples> {
  const experiment = sectionOf(portion.section)
    .experiments(scale)
    .find(({ name }) => name === portion.experiment);
  if (experiment === undefined) throw new Error(`there is no experiment ${portion.experiment}`);
  const samples: Record<string, number[]> = {};
  for (let run = portion.from; run < portion.to; run += 1) {
    for (const [name, figure] of Object.entries(await experiment.play(run))) {
      samples[name] ??= [];
      samples[name].push(figure);
    }
  }
  return samples;
}
