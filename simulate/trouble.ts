import { mean, median } from '../src/trial/distributions.ts';
import { worsening } from '../src/trial/evidence.ts';
import { changed, NO_CHANGE, performUnder, timeoutOf, WINDOW_TASKS } from './change.ts';
import { figuresOf } from './errors.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { createNoise, type Noise } from './noise.ts';
import { createRandom } from './random.ts';
import { atLeast, atMost, type Row, type Table, type Target } from './table.ts';
import { type Perform, playTrial } from './trial-run.ts';

const ASSIGNMENTS = ['task', 'switchback'] as const;

const SUCCESS_RATE = 0.95;

/** Outcomes are waited for as long in virtual time as some hundred tasks take. */
const OUTCOME_TIMEOUT_MS = 30_000;

/** In an outage every task fails after so long; numbers of its tasks within the trial. */
const OUTAGE = { from: 10, to: 110, latencyMs: 10_000 } as const;

const DOUBLED = Math.log(2);

interface Disturbance {
  readonly group: string;
  readonly name: string;
  performIn(noise: Noise, seed: string): Perform;
  targetsOf?(samples: Samples): Target[];
}

const share = (samples: Samples, figure: string) => mean(samples[figure] ?? []);

const DISTURBANCES: readonly Disturbance[] = [
  ...[0, 0.25, 0.5, 0.75].map((part) => carryOver(part, DOUBLED)),
  carryOver(0.5, 0),
  outage('no effect', 0),
  outage('x2', DOUBLED),
  lost('5 % of outcomes', 0.05, 0.05, (samples) => [
    atMost(0.05, share(samples, 'invalid'), 'INVALID %'),
  ]),
  lost('20 % of outcomes', 0.2, 0.2, (samples) => [
    atLeast(0.95, share(samples, 'invalid'), 'INVALID %'),
  ]),
  lost('20 % of the new arm', 0, 0.2),
];

/** Single trials under what makes trials hard. */
export const TROUBLE: Section = {
  experiments: ({ seed, trials }) =>
    ASSIGNMENTS.flatMap((assignment) =>
      DISTURBANCES.map(({ group, name, performIn }): Experiment => {
        const full = `${group}/${name}/${assignment}`;
        return {
          name: full,
          runs: Math.ceil(trials / 4),
          play(run) {
            const noise = createNoise('AR(1)', SUCCESS_RATE, `${seed}/${run}`);
            const trialSeed = `${seed}/${full}/${run}`;
            const perform = performIn(noise, trialSeed);
            return play(assignment, trialSeed, perform, timeoutOf(noise));
          },
        };
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] =>
    [...Map.groupBy(DISTURBANCES, ({ group }) => group)].map(([group, own]) => ({
      title: group,
      note: `${Math.ceil(trials / 4)} trials each, AR(1), success rate ${SUCCESS_RATE}; the estimate is of log latency.`,
      headings: [
        'HARMED %',
        'HELPED %',
        'INVALID %',
        'INCONCLUSIVE %',
        'tasks (median)',
        'dispatched (median)',
        'paused (mean)',
        'estimate (mean)',
      ],
      rows: ASSIGNMENTS.flatMap((assignment) =>
        own.map(({ name, targetsOf }) => {
          const samples = samplesOf(`${group}/${name}/${assignment}`);
          return rowOf(`${assignment}: ${name}`, samples, targetsOf?.(samples) ?? []);
        }),
      ),
    })),
};

function rowOf(name: string, samples: Samples, targets: readonly Target[]): Row {
  const cells = [
    ...['harmed', 'helped', 'invalid', 'inconclusive'].map((figure) => share(samples, figure)),
    median(samples.used ?? []),
    median(samples.begun ?? []),
    share(samples, 'pauses'),
    share(samples, 'estimate'),
  ];
  return { name, cells, targets };
}

function play(
  assignment: (typeof ASSIGNMENTS)[number],
  seed: string,
  perform: Perform,
  timeoutMs: number,
): Figures {
  const outcomeTimeoutMs = OUTCOME_TIMEOUT_MS;
  const run = playTrial({
    assignment,
    seed,
    timeoutMs,
    perform,
    from: WINDOW_TASKS,
    outcomeTimeoutMs,
  });
  const [latency] = run.trial.evidence;
  return { ...figuresOf(run), estimate: latency === undefined ? 0 : worsening(latency) };
}

/** Part of the effect comes from the arm of the task before. */
function carryOver(part: number, logLatency: number): Disturbance {
  const effect = logLatency === 0 ? 'no effect' : 'x2';
  return {
    group: 'Carry-over from the task before',
    name: `${effect}, ${part * 100} % carried over`,
    performIn(noise) {
      let former = 0;
      return (i, arm) => {
        const own = arm === 'new' ? logLatency : 0;
        const draw = changed(noise.at(i), { logLatency: (1 - part) * own + part * former });
        former = own;
        return draw;
      };
    },
  };
}

function outage(name: string, logLatency: number): Disturbance {
  return {
    group: 'An outage of both arms',
    name,
    performIn(noise) {
      const perform = performUnder(noise, { logLatency });
      const { from, to, latencyMs } = OUTAGE;
      return (i, arm) =>
        i >= WINDOW_TASKS + from && i < WINDOW_TASKS + to
          ? { latencyMs, status: 'failure' }
          : perform(i, arm);
    },
  };
}

/** Tasks that nobody hears of, by arm. */
function lost(
  name: string,
  ofOld: number,
  ofNew: number,
  targetsOf?: Disturbance['targetsOf'],
): Disturbance {
  return {
    group: 'Outcomes never reported',
    name,
    performIn(noise, seed) {
      const random = createRandom(`lost/${seed}`);
      const perform = performUnder(noise, NO_CHANGE);
      return (i, arm) => {
        const isLost = random.uniform() < (arm === 'new' ? ofNew : ofOld);
        return { ...perform(i, arm), isLost };
      };
    },
    ...(targetsOf === undefined ? {} : { targetsOf }),
  };
}
