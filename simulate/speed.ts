import { mean, median } from '../src/trial/distributions.ts';
import { type Change, performUnder, timeoutOf, WINDOW_TASKS } from './change.ts';
import { figuresOf } from './errors.ts';
import type { Experiment, Samples, Section } from './experiment.ts';
import { createNoise } from './noise.ts';
import { atLeast, atMost, type Row, type Table, type Target } from './table.ts';
import { playTrial } from './trial-run.ts';

const ASSIGNMENTS = ['task', 'switchback'] as const;

interface Harm {
  readonly name: string;
  readonly change: Change;
  readonly successRates: readonly number[];
  /** Of the median of tasks, at the first success rate. */
  readonly maxTasks: Readonly<Record<(typeof ASSIGNMENTS)[number], number | undefined>>;
  /** Of the share of trials that find it task by task, at the first success rate. */
  readonly minFound?: number;
}

const HARMS: readonly Harm[] = [
  {
    name: 'all fail',
    change: { logLatency: 0, fails: true },
    successRates: [0.8, 0.9, 1, 0.6],
    maxTasks: { task: 15, switchback: 60 },
  },
  {
    name: 'x2',
    change: { logLatency: Math.log(2) },
    successRates: [1, 0.9, 0.6],
    maxTasks: { task: 40, switchback: 110 },
  },
  {
    name: 'x1.42',
    change: { logLatency: 0.35 },
    successRates: [1, 0.9, 0.6],
    maxTasks: { task: 90, switchback: undefined },
    minFound: 0.85,
  },
];

const CASES = ASSIGNMENTS.flatMap((assignment) =>
  HARMS.flatMap((harm) =>
    harm.successRates.map((successRate, i) => ({
      name: `${harm.name}, success ${successRate}`,
      assignment,
      harm,
      successRate,
      hasTarget: i === 0,
    })),
  ),
);

type Case = (typeof CASES)[number];

/** How soon harm is found in the AR(1) world. */
export const SPEED: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(({ name, assignment, harm, successRate }): Experiment => {
      const full = `${assignment}/${name}`;
      return {
        name: full,
        runs: Math.ceil(trials / 2),
        play(run) {
          const noise = createNoise('AR(1)', successRate, `${seed}/${run}`);
          return figuresOf(
            playTrial({
              assignment,
              seed: `${seed}/${full}/${run}`,
              timeoutMs: timeoutOf(noise),
              perform: performUnder(noise, harm.change),
              from: WINDOW_TASKS,
            }),
          );
        },
      };
    }),
  tables: ({ trials }, samplesOf): Table[] =>
    ASSIGNMENTS.map((assignment) => ({
      title: `Tasks until HARMED, ${assignment}`,
      note: `${Math.ceil(trials / 2)} trials each, AR(1); medians over all of them, - where fewer than half found it.`,
      headings: ['found %', 'tasks', 'dispatched'],
      rows: CASES.filter((one) => one.assignment === assignment).map((one) =>
        rowOf(one, samplesOf(`${assignment}/${one.name}`)),
      ),
    })),
};

function rowOf({ name, assignment, harm, hasTarget }: Case, samples: Samples): Row {
  const { harmed = [], used = [], begun = [] } = samples;
  const untilFound = (counts: readonly number[]) => {
    const found = counts.map((count, i) => (harmed[i] === 1 ? count : Number.POSITIVE_INFINITY));
    const middle = median(found);
    return Number.isFinite(middle) ? middle : Number.NaN;
  };
  const cells = [mean(harmed), untilFound(used), untilFound(begun)] as const;
  const targets: Target[] = [];
  const maxTasks = harm.maxTasks[assignment];
  if (hasTarget && maxTasks !== undefined) targets.push(atMost(maxTasks, cells[1], 'tasks'));
  if (hasTarget && assignment === 'task' && harm.minFound !== undefined) {
    targets.push(atLeast(harm.minFound, cells[0], 'found %'));
  }
  return { name, cells, targets };
}
