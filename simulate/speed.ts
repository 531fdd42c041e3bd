import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { type Change, performUnder, TASKS_BEFORE } from './change.ts';
import type { Experiment, Samples, Section } from './experiment.ts';
import { figuresOf, medianOfAll, playBoth, share } from './figures.ts';
import { createNoise } from './noise.ts';
import { playTrial } from './trial-run.ts';

const ASSIGNMENTS = ['task', 'switchback'] as const;
type Assignment = (typeof ASSIGNMENTS)[number];

/** Tasks relative to the shipped method, at most. */
const MAX_RATIO = 1.2;

interface Effect {
  readonly name: string;
  readonly change: Change;
  readonly successRates: readonly number[];
  /** Limit of the median of tasks, at the first success rate. */
  readonly maxTasks?: Readonly<Partial<Record<Assignment, number>>>;
  /** Limit of the share of trials task by task that find it, at the first success rate. */
  readonly minFound?: number;
}

const HARMS: readonly Effect[] = [
  {
    name: 'all fail',
    change: { logLatency: 0, breaks: 1 },
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
    maxTasks: { task: 90 },
    minFound: 0.85,
  },
];

const HELPS: readonly Effect[] = [
  { name: 'x1/2', change: { logLatency: -Math.log(2) }, successRates: [1, 0.9, 0.6] },
  { name: 'x1/1.42', change: { logLatency: -0.35 }, successRates: [1, 0.9, 0.6] },
  { name: 'x1/1.2', change: { logLatency: -Math.log(1.2) }, successRates: [1, 0.9, 0.6] },
];

const SIDES = [
  { verdict: 'HARMED', effects: HARMS, ours: 'acted', shipped: 'shippedHarmed' },
  { verdict: 'HELPED', effects: HELPS, ours: 'promoted', shipped: 'shippedHelped' },
] as const;

type Side = (typeof SIDES)[number];

const CASES = ASSIGNMENTS.flatMap((assignment) =>
  SIDES.flatMap((side) =>
    side.effects.flatMap((effect) =>
      effect.successRates.map((successRate, i) => ({
        name: `${effect.name}, success ${successRate}`,
        assignment,
        side,
        effect,
        successRate,
        isFirst: i === 0,
      })),
    ),
  ),
);

type Case = (typeof CASES)[number];

/** Tasks until effects are found in the AR(1) world. */
export const SPEED: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(({ name, assignment, effect, successRate }): Experiment => {
      const full = `${assignment}/${name}`;
      return {
        name: full,
        runs: Math.ceil(trials / 5),
        play(run) {
          const noise = createNoise('AR(1)', successRate, `${seed}/${run}`);
          const setup = {
            assignment,
            seed: `${seed}/${full}/${run}`,
            perform: performUnder(noise, effect.change),
            from: TASKS_BEFORE,
            untilPromoted: true,
          };
          return assignment === 'task' ? playBoth(setup) : figuresOf(playTrial(setup));
        },
      };
    }),
  tables: ({ trials }, samplesOf): Table[] =>
    ASSIGNMENTS.flatMap((assignment) =>
      SIDES.map((side) => ({
        title: `Tasks until ${side.verdict}, ${assignment}`,
        note: `${Math.ceil(trials / 5)} trials each, AR(1), 8 in flight, nothing late; medians over all trials, - if fewer than half found it. Tasks until the old value is restored or the new one is in force; HARMED is recorded once all open outcomes are known.`,
        headings:
          assignment === 'task'
            ? ['found %', 'tasks', 'dispatched', 'shipped %', 'tasks', 'dispatched', 'ratio']
            : ['found %', 'tasks', 'dispatched'],
        rows: CASES.filter((one) => one.assignment === assignment && one.side === side).map((one) =>
          rowOf(one, samplesOf(`${assignment}/${one.name}`)),
        ),
      })),
    ),
};

function rowOf({ name, assignment, side, effect, isFirst }: Case, samples: Samples): Row {
  const { ours, shipped } = side;
  const found = share(samples, foundBy(side));
  const tasks = medianOfAll(samples, `${ours}Used`, ours);
  const own = [found, tasks, medianOfAll(samples, `${ours}At`, ours)];
  const targets: Target[] = [];
  const maxTasks = isFirst ? effect.maxTasks?.[assignment] : undefined;
  if (maxTasks !== undefined) targets.push(atMost(maxTasks, tasks, 'tasks'));
  if (assignment === 'switchback') return { name, cells: own, targets };
  if (isFirst && effect.minFound !== undefined) {
    targets.push(atLeast(effect.minFound, found, 'found %'));
  }
  const former = medianOfAll(samples, 'shippedUsed', shipped);
  const ratio = tasks / former;
  if (!Number.isNaN(former)) targets.push(atMost(MAX_RATIO, ratio, 'ratio'));
  const begun = medianOfAll(samples, 'shippedBegun', shipped);
  return { name, cells: [...own, share(samples, shipped), former, begun, ratio], targets };
}

function foundBy({ verdict }: Side): string {
  return verdict === 'HARMED' ? 'harmed' : 'promoted';
}
