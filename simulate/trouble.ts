import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import type { Arm } from '../src/trial/arm.ts';
import { worsening } from '../src/trial/evidence/evidence.ts';
import { changed, NO_CHANGE, performUnder, TASKS_BEFORE } from './change.ts';
import { loseAny, performDisturbed } from './disturbance.ts';
import type { Experiment, Samples, Section } from './experiment.ts';
import { figuresOf, medianOf, share } from './figures.ts';
import type { Perform } from './flow.ts';
import { createNoise, type Noise } from './noise.ts';
import { playTrial } from './trial-run.ts';

const ASSIGNMENTS = ['task', 'switchback'] as const;
type Assignment = (typeof ASSIGNMENTS)[number];

const SUCCESS_RATE = 0.95;

/** An outage: from task `from` to `to` of the trial, every task fails after `latencyMs`. */
const OUTAGE = { from: 10, to: 110, latencyMs: 10_000 } as const;

const DOUBLED = Math.log(2);

const MAX_ERRORS = 0.05;

interface Disturbance {
  readonly group: string;
  readonly name: string;
  performIn(noise: Noise): Perform;
  targetsOf?(samples: Samples, assignment: Assignment): Target[];
}

const DISTURBANCES: readonly Disturbance[] = [
  ...[0, 0.25, 0.5, 0.75].map((part) => carryOver(part, DOUBLED)),
  carryOver(0.5, 0),
  outage('no effect', 0),
  outage('x2', DOUBLED),
  lost('5 % of outcomes', 0.05, 0.05, (samples) => [
    atMost(MAX_ERRORS, share(samples, 'invalid'), 'INVALID %'),
    ...nothingFalse(samples),
  ]),
  lost('20 % of outcomes', 0.2, 0.2, nothingFalse),
  lost('40 % of outcomes', 0.4, 0.4, (samples, assignment) =>
    assignment === 'task' ? [atLeast(0.95, share(samples, 'invalid'), 'INVALID %')] : [],
  ),
  lost('20 % of the new arm', 0, 0.2, (samples) => [
    atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %'),
  ]),
];

/** Single trials with carry-over, outages and lost reports. */
export const TROUBLE: Section = {
  experiments: ({ seed, trials }) =>
    ASSIGNMENTS.flatMap((assignment) =>
      DISTURBANCES.map(({ group, name, performIn }): Experiment => {
        const full = `${group}/${name}/${assignment}`;
        return {
          name: full,
          runs: Math.ceil(trials / 5),
          play(run) {
            const noise = createNoise('AR(1)', SUCCESS_RATE, `${seed}/${run}`);
            const trialSeed = `${seed}/${full}/${run}`;
            const perform = performIn(noise);
            const from = TASKS_BEFORE;
            const played = playTrial({ assignment, seed: trialSeed, perform, from });
            const [primary] = played.trial.evidence;
            return { ...figuresOf(played), estimate: primary ? worsening(primary) : 0 };
          },
        };
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] =>
    [...Map.groupBy(DISTURBANCES, ({ group }) => group)].map(([group, own]) => ({
      title: group,
      note: `${Math.ceil(trials / 5)} trials each, AR(1), success rate ${SUCCESS_RATE}; tasks: medians; paused and estimate: means, the latter of log latency.`,
      headings: [
        'provis. %',
        'confirmed %',
        'HARMED %',
        'INVALID %',
        'tasks',
        'dispatched',
        'paused',
        'estimate',
      ],
      rows: ASSIGNMENTS.flatMap((assignment) =>
        own.map(({ name, targetsOf }) => {
          const samples = samplesOf(`${group}/${name}/${assignment}`);
          return rowOf(`${assignment}: ${name}`, samples, targetsOf?.(samples, assignment) ?? []);
        }),
      ),
    })),
};

function rowOf(name: string, samples: Samples, targets: readonly Target[]): Row {
  const cells = [
    ...['promoted', 'confirmed', 'harmed', 'invalid'].map((figure) => share(samples, figure)),
    medianOf(samples, 'used'),
    medianOf(samples, 'begun'),
    share(samples, 'pauses'),
    share(samples, 'estimate'),
  ];
  return { name, cells, targets };
}

function nothingFalse(samples: Samples): Target[] {
  return [
    atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %'),
    atMost(MAX_ERRORS, share(samples, 'harmed'), 'HARMED %'),
  ];
}

/** A part of the effect comes from the arm of the task before. */
function carryOver(part: number, logLatency: number): Disturbance {
  const effect = logLatency === 0 ? 'no effect' : 'x2';
  return {
    group: 'Carry-over from the task before',
    name: `${effect}, ${part * 100} % carried over`,
    performIn(noise) {
      const arms: Arm[] = [];
      const effectOf = (i: number) => (arms[i] === 'new' ? logLatency : 0);
      return (i, arm) => {
        arms[i] = arm;
        const effect = (1 - part) * effectOf(i) + part * effectOf(i - 1);
        return changed(noise.at(i), { logLatency: effect });
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
        i >= TASKS_BEFORE + from && i < TASKS_BEFORE + to
          ? { latencyMs, status: 'failure', labels: {} }
          : perform(i, arm);
    },
  };
}

/** Shares of tasks that are never reported, by arm. */
function lost(
  name: string,
  ofOld: number,
  ofNew: number,
  targetsOf: NonNullable<Disturbance['targetsOf']>,
): Disturbance {
  return {
    group: 'Outcomes never reported',
    name,
    performIn: (noise) =>
      performDisturbed(noise, NO_CHANGE, {
        old: loseAny(ofOld, noise),
        new: loseAny(ofNew, noise),
      }),
    targetsOf,
  };
}
