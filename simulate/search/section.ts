import { atMost, type Table, type Target } from '../../scripts/report/table.ts';
import { mean } from '../../src/trial/evidence/distributions.ts';
import type { Experiment, Samples, Section } from '../experiment.ts';
import { createNoise } from '../noise.ts';
import { fixedSteps, search } from './engine-tuner.ts';
import { bayesian, hasBayesian } from './rivals/bayesian.ts';
import { randomSearch } from './rivals/random-search.ts';
import { spsa } from './rivals/spsa.ts';
import { thompsonSampling } from './rivals/thompson.ts';
import { trackAndStop } from './rivals/track-and-stop.ts';
import { type CreateTuner, runSearch, type SearchWorld } from './world.ts';
import { MOVED, STATIONARY } from './worlds.ts';

const BAYESIAN = 'Bayesian, constrained';

/** Methods, in the order of the rows. */
const TUNERS: Readonly<Record<string, CreateTuner>> = {
  'fixed steps': fixedSteps,
  search,
  'Thompson sampling': thompsonSampling,
  'track-and-stop': trackAndStop,
  SPSA: spsa,
  'random search': randomSearch,
  ...(hasBayesian ? { [BAYESIAN]: bayesian } : {}),
};

/** The Bayesian optimiser takes far longer than the others. */
const runsOf = (tuner: string, runs: number) => (tuner === BAYESIAN ? Math.ceil(runs / 5) : runs);

const OF_BAYESIAN = hasBayesian
  ? `${BAYESIAN}: a fifth of the runs.`
  : 'Without the Bayesian optimiser, which simulate/search/rivals/setup.sh installs.';

const SUCCESS_RATE = 0.95;

const KINDS = ['AR(1)', 'heavy tails', 'auto-gpt', 'mini-agi'] as const;
type Kind = (typeof KINDS)[number];

/** Regret at most this share of fixed steps', in stationary made-up noise. */
const MAX_SHARE = 0.7;

/** Share of runs that may end on values worse than the first ones. */
const MAX_WORSE = 0.05;

/** The columns: worlds in a noise. */
interface Column {
  readonly name: string;
  readonly kind: Kind;
  readonly worlds: readonly SearchWorld[];
}
const COLUMNS: readonly Column[] = [
  ...KINDS.map((kind) => ({ name: kind, kind, worlds: STATIONARY })),
  { name: 'moved', kind: 'AR(1)', worlds: [MOVED] },
];

const nameOf = (tuner: string, kind: Kind, world: SearchWorld) => `${tuner}/${kind}/${world.name}`;

/** Methods that look for the best values of parameters. */
export const SEARCH: Section = {
  experiments: ({ seed, runs }) =>
    Object.entries(TUNERS).flatMap(([tuner, createTuner]) =>
      COLUMNS.flatMap(({ kind, worlds }) =>
        worlds.map(
          (world): Experiment => ({
            name: nameOf(tuner, kind, world),
            runs: runsOf(tuner, runs),
            async play(run) {
              const name = `${seed}/search/${world.name}/${run}`;
              const noise = createNoise(kind, SUCCESS_RATE, name);
              return { ...(await runSearch(world, noise, createTuner, `${name}/${tuner}`)) };
            },
          }),
        ),
      ),
    ),
  tables({ runs }, samplesOf): Table[] {
    const figure: FigureOf = (tuner, column, one) =>
      mean(
        column.worlds.map((world) =>
          mean(samplesOf(nameOf(tuner, column.kind, world))[one] ?? [Number.NaN]),
        ),
      );
    const table = (
      title: string,
      note: string,
      one: string,
      unit: string,
      targets: Target[] = [],
    ): Table => ({
      title,
      note: `Means of ${runs} runs of each of ${STATIONARY.length} worlds, 3000 tasks; "moved": AR(1), 10,000 tasks, the best value moves half-way. ${note} ${OF_BAYESIAN}`,
      headings: COLUMNS.map(({ name }) => `${name}${unit}`),
      rows: Object.keys(TUNERS).map((tuner) => ({
        name: tuner,
        cells: COLUMNS.map((column) => figure(tuner, column, one)),
        targets: tuner === 'search' ? targets : [],
      })),
    });
    return [
      table(
        'Value search: regret',
        'Log latency per task above the best values. Target: in noise that is made up and stationary at most 0.7 of that of fixed steps; else, and where the best value moves, at most that of the best other method that ends on worse values in at most 5 % of runs.',
        'regret',
        '',
        COLUMNS.map((column) => regretTarget(column, figure)),
      ),
      table(
        'Final values worse than the first ones',
        'By more than 1 %.',
        'worseAtEnd',
        ' %',
        COLUMNS.map((column) => {
          return atMost(MAX_WORSE, figure('search', column, 'worseAtEnd'), `${column.name} %`);
        }),
      ),
      table('Tasks on values worse than the first ones', '', 'worseTasks', ' %'),
      ...worldTable(runs, samplesOf),
    ];
  },
};

type FigureOf = (tuner: string, column: Column, one: string) => number;

function regretTarget(column: Column, figure: FigureOf): Target {
  const { name } = column;
  const regret = figure('search', column, 'regret');
  if (name === 'AR(1)' || name === 'heavy tails') {
    const limit = MAX_SHARE * figure('fixed steps', column, 'regret');
    return { text: `${name} <= ${MAX_SHARE} of fixed steps`, met: regret <= limit };
  }
  const others = Object.keys(TUNERS)
    .filter((tuner) => tuner !== 'search')
    .filter((tuner) => figure(tuner, column, 'worseAtEnd') <= MAX_WORSE)
    .map((tuner) => figure(tuner, column, 'regret'));
  return { text: `${name} <= the best other`, met: others.every((other) => regret <= other) };
}

/** Regret by world, in each noise. */
function worldTable(runs: number, samplesOf: (name: string) => Samples): Table[] {
  const worlds = [...STATIONARY, MOVED];
  return KINDS.map((kind) => ({
    title: `Value search: regret by world, ${kind}`,
    note: `Means of ${runs} runs.`,
    headings: worlds.map(({ name }) => name),
    rows: Object.keys(TUNERS).map((tuner) => ({
      name: tuner,
      cells: worlds.map((world) =>
        mean(samplesOf(nameOf(tuner, kind, world)).regret ?? [Number.NaN]),
      ),
      targets: [],
    })),
  }));
}
