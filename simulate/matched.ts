import { atMost, type Row, type Table } from '../scripts/report/table.ts';
import { playChain } from './chain.ts';
import { performUnder, TASKS_BEFORE } from './change.ts';
import type { Experiment, Section } from './experiment.ts';
import { medianOfAll } from './figures.ts';
import { createNoise, LATENCIES } from './noise.ts';

const FACTORS = [1.2, 1.42] as const;
const WAYS = { matched: {}, neighbours: { predictBy: [] } } as const;

/** Tasks of a chain of trials. */
const MAX_TASKS = 600;

const MAX_MEDIAN = 130;

/** Pairs by predicted latency against pairs of neighbours. */
export const MATCHED: Section = {
  experiments: ({ seed, trials }) =>
    LATENCIES.flatMap((kind) =>
      FACTORS.flatMap((factor) =>
        Object.entries(WAYS).map(
          ([way, plan]): Experiment => ({
            name: `${kind}/${factor}/${way}`,
            runs: Math.ceil(trials / 10),
            play(run) {
              const noise = createNoise(kind, 1, `${seed}/matched/${run}`);
              const perform = performUnder(noise, { logLatency: Math.log(factor) });
              const name = `${seed}/${kind}/${factor}/${run}`;
              const setup = { assignment: 'task', seed: name, perform, from: TASKS_BEFORE, plan };
              const { all, used } = playChain({ ...setup, assignment: 'task' }, MAX_TASKS);
              return { used, found: all === 1 ? 1 : 0 };
            },
          }),
        ),
      ),
    ),
  tables: ({ trials }, samplesOf): Table[] => [
    {
      title: 'Pairs by what labels predict',
      note: `Median tasks until harm acts, ${Math.ceil(trials / 10)} times each, real traces without their failures; trials gone on with up to ${MAX_TASKS} tasks. Labels: task, difficulty, category.`,
      headings: FACTORS.flatMap((factor) => [`x${factor} matched`, `x${factor} neighbours`]),
      rows: LATENCIES.map((kind): Row => {
        const cells = FACTORS.flatMap((factor) =>
          Object.keys(WAYS).map((way) =>
            medianOfAll(samplesOf(`${kind}/${factor}/${way}`), 'used', 'found'),
          ),
        );
        const [first = Number.NaN] = cells;
        return { name: kind, cells, targets: [atMost(MAX_MEDIAN, first, 'x1.2 matched')] };
      }),
    },
  ],
};
