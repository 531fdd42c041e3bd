import type { Table } from '../../scripts/report/table.ts';
import { mean } from '../../src/trial/evidence/distributions.ts';
import type { Experiment, Samples, Section } from '../experiment.ts';
import { createNoise } from '../noise.ts';
import { fixedSteps, search } from './engine-tuner.ts';
import { type CreateTuner, runSearch, type SearchWorld } from './world.ts';
import { MOVED, STATIONARY } from './worlds.ts';

/** Methods, in the order of the rows. */
const TUNERS: Readonly<Record<string, CreateTuner>> = {
  'fixed steps': fixedSteps,
  search,
};

const SUCCESS_RATE = 0.95;

const KINDS = ['AR(1)', 'heavy tails', 'auto-gpt', 'mini-agi'] as const;
type Kind = (typeof KINDS)[number];

/** The columns: worlds in a noise. */
const COLUMNS: readonly { name: string; kind: Kind; worlds: readonly SearchWorld[] }[] = [
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
            runs,
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
    const figure = (tuner: string, column: (typeof COLUMNS)[number], one: string) =>
      mean(
        column.worlds.map((world) =>
          mean(samplesOf(nameOf(tuner, column.kind, world))[one] ?? [Number.NaN]),
        ),
      );
    const table = (title: string, note: string, one: string, unit: string): Table => ({
      title,
      note: `Means of ${runs} runs of each of ${STATIONARY.length} worlds, 3000 tasks; "moved": AR(1), 10,000 tasks, the best value moves half-way. ${note}`,
      headings: COLUMNS.map(({ name }) => `${name}${unit}`),
      rows: Object.keys(TUNERS).map((tuner) => ({
        name: tuner,
        cells: COLUMNS.map((column) => figure(tuner, column, one)),
        targets: [],
      })),
    });
    return [
      table('Value search: regret', 'Log latency per task above the best values.', 'regret', ''),
      table('Final values worse than the first ones', '', 'worseAtEnd', ' %'),
      table('Tasks on values worse than the first ones', '', 'worseTasks', ' %'),
      ...worldTable(runs, samplesOf),
    ];
  },
};

/** Regret by world, in AR(1). */
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
