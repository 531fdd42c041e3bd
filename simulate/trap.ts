import type { Table } from '../scripts/report/table.ts';
import { mean } from '../src/trial/evidence/distributions.ts';
import type { Section } from './experiment.ts';
import { createNoise } from './noise.ts';
import { compareMeans } from './welch.ts';

/** Tasks on each side. */
const TASKS = 30;

/** When a delta is applied: when the last tasks were slower by this log ratio, checked every so often. */
const MOMENTS = {
  'at any time': { slower: Number.NEGATIVE_INFINITY, every: 1 },
  'as soon as the last tasks are slow': { slower: 0.15, every: 1 },
  'in a slow stretch, seen every 60 tasks': { slower: 0.15, every: 60 },
} as const;

const TYPICAL = Math.log(1000);

/** Before against after, without any change. */
export const TRAP: Section = {
  experiments: ({ seed, trials }) =>
    Object.entries(MOMENTS).map(([name, { slower, every }]) => ({
      name,
      runs: trials,
      play(run) {
        const noise = createNoise('AR(1)', 1, `${seed}/trap/${run}`);
        const level = (i: number) => Math.log(noise.at(i).latencyMs) - TYPICAL;
        const from = (i: number) => Array.from({ length: TASKS }, (_, j) => level(i + j));
        let start = 0;
        while (mean(from(start)) < slower) start += every;
        const found = compareMeans(from(start), from(start + TASKS));
        return { better: found === 'lower' ? 1 : 0, worse: found === 'higher' ? 1 : 0 };
      },
    })),
  tables: ({ trials }, samplesOf): Table[] => [
    {
      title: 'The trap: before against after',
      note: `${TASKS} tasks before a change without effect against ${TASKS} after it, AR(1), Welch's test at .05; ${trials} changes each.`,
      headings: ['called helpful %', 'called harmful %'],
      rows: Object.keys(MOMENTS).map((name) => {
        const { better = [], worse = [] } = samplesOf(name);
        return { name, cells: [mean(better), mean(worse)], targets: [] };
      }),
    },
  ],
};
