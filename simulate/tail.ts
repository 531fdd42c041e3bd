import { atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { DEFAULT_MARGIN, LATENCY, type Metric, OUTCOME, SUCCESS } from '../src/domain/effect.ts';
import type { TrialPlan } from '../src/trial/plan.ts';
import { TASKS_BEFORE } from './change.ts';
import { performDisturbed, stretchTail } from './disturbance.ts';
import type { Experiment, Samples, Section } from './experiment.ts';
import { figuresOf, share, whenAt } from './figures.ts';
import { createNoise } from './noise.ts';
import { playTrial } from './trial-run.ts';

/** The slowest share of the new arm's tasks takes `FACTOR` times as long. */
const SLOWEST = 0.05;
const FACTOR = 3;

const MAX_ERRORS = 0.05;
const SUCCESS_RATE = 0.95;
const KINDS = ['AR(1)', 'log sd 1.2', 'mini-agi, no failures'] as const;

const withMargin = (metric: Metric) => ({ ...metric, margin: DEFAULT_MARGIN });
const TOTAL: Metric = { ...LATENCY, statistic: 'total' };

const WAYS: Readonly<Record<string, Partial<TrialPlan>>> = {
  'outcome (default)': {},
  'primary latency, total': { primary: TOTAL, guards: [withMargin(SUCCESS)] },
  'guard latency, total': { primary: OUTCOME, guards: [SUCCESS, TOTAL].map(withMargin) },
};

/** The effect on log latency of all tasks. */
const OTHERS = { same: 0, 'x0.9': Math.log(0.9) } as const;

const CASES = Object.entries(OTHERS).flatMap(([others, logLatency]) =>
  KINDS.flatMap((kind) =>
    Object.entries(WAYS).map(([way, plan]) => ({
      name: `${kind}; ${way}`,
      others,
      logLatency,
      kind,
      plan,
      isTotal: way !== 'outcome (default)',
    })),
  ),
);

/** Harm in the tail alone. */
export const TAIL: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(
      ({ name, others, kind, logLatency, plan }): Experiment => ({
        name: `${others}/${name}`,
        runs: Math.ceil(trials / 10),
        play(run) {
          const noise = createNoise(kind, SUCCESS_RATE, `${seed}/tail/${run}`);
          const stretched = stretchTail(SLOWEST, FACTOR, noise);
          const perform = performDisturbed(noise, { logLatency }, { new: stretched });
          return figuresOf(
            playTrial({
              assignment: 'task',
              seed: `${seed}/tail/${name}/${run}`,
              perform,
              from: TASKS_BEFORE,
              plan,
            }),
          );
        },
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] =>
    Object.keys(OTHERS).map((others) => ({
      title: `Harm in the tail: the slowest 5 % take ${FACTOR} times as long, the others ${others}`,
      note: `${Math.ceil(trials / 10)} trials each, 8 in flight, with their probation. ${NOTES[others] ?? ''}`,
      headings: ['provis. %', 'confirmed %', 'proven %', 'HARMED %', 'acted at'],
      rows: CASES.filter((one) => one.others === others).map((one) =>
        rowOf(one, samplesOf(`${others}/${one.name}`)),
      ),
    })),
};

const NOTES: Readonly<Record<string, string>> = {
  same: 'Ranks and medians do not see it; a total does, in time.',
  'x0.9':
    'Most tasks become faster, and their total grows: by 7, 52 and 39 %. A guard that cannot tell that from 5 % in 3000 tasks is to be named as not proven.',
};

function rowOf({ name, others, isTotal, plan }: (typeof CASES)[number], samples: Samples): Row {
  const figures = ['promoted', 'confirmed', 'proven', 'harmed'];
  const cells = [...figures.map((figure) => share(samples, figure)), whenAt(samples, 'actedAt')];
  const judged = plan.primary === OUTCOME ? 'proven' : 'confirmed';
  const targets: Target[] =
    others === 'same' || isTotal ? [atMost(MAX_ERRORS, share(samples, judged), `${judged} %`)] : [];
  return { name, cells, targets };
}
