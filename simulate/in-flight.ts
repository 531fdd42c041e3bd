import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { type Change, NO_CHANGE, successBy, TASKS_BEFORE } from './change.ts';
import { type Disturb, late, performDisturbed, slowFailures, timeOut } from './disturbance.ts';
import type { Experiment, Samples, Section } from './experiment.ts';
import { figuresOf, share, whenAt, whenIn } from './figures.ts';
import { createNoise, type Kind, type Noise } from './noise.ts';
import { playTrial } from './trial-run.ts';

const TASKS_IN_FLIGHT = 16;

const SUCCESS_RATE = 0.95;

/** Runs of a world with an effect are `trials / PART`; errors are rarer. */
const PART = 4;

const MAX_ERRORS = 0.05;

interface World {
  readonly name: string;
  readonly kind: Kind;
  readonly change?: Change;
  readonly typicalMs?: number;
  /** Of either arm. */
  both?(noise: Noise): Disturb;
  /** Of one arm. */
  old?(noise: Noise): Disturb;
  new?(noise: Noise): Disturb;
  targetsOf(samples: Samples): Target[];
}

const AR = { kind: 'AR(1)' } as const;

const WORLDS: readonly World[] = [
  ...(['AR(1)', 'drift', 'jump', 'auto-gpt', 'mini-agi'] as const).map((kind) => ({
    name: `no effect, ${kind}`,
    kind,
    targetsOf: nothingFalse,
  })),
  {
    ...AR,
    name: 'no effect, failures take 4 times as long',
    both: () => slowFailures(4),
    targetsOf: nothingFalse,
  },
  ...(['old', 'new'] as const).map((arm) => ({
    ...AR,
    name: `no effect, tasks of 10 s, ${arm} reported after 200 s more`,
    typicalMs: 10_000,
    [arm]: () => late(20),
    targetsOf: nothingFalse,
  })),
  ...[30, 120, 300].map((seconds) => ({
    ...AR,
    name: `x0.9, and a fifth hang for ${seconds} s and time out`,
    change: { logLatency: Math.log(0.9) },
    new: (noise: Noise) => timeOut(0.2, seconds * 1000, noise),
    targetsOf: harmFound,
  })),
  {
    ...AR,
    name: 'all hang for 600 s and time out',
    new: (noise) => timeOut(1, 600_000, noise),
    targetsOf: harmFound,
  },
  ...(['babyagi', 'gpt-engineer', 'mini-agi'] as const).map((trace) => ({
    name: `x2, ${trace}, no failures`,
    kind: `${trace}, no failures` as const,
    change: { logLatency: Math.LN2 },
    targetsOf: harmFound,
  })),
  {
    ...AR,
    name: '-20 points, failures take 4 times as long',
    change: { logLatency: 0, ...successBy(-0.2, SUCCESS_RATE) },
    both: () => slowFailures(4),
    targetsOf: harmFound,
  },
  { ...AR, name: 'x1.42', change: { logLatency: Math.log(1.42) }, targetsOf: harmFound },
  {
    ...AR,
    name: 'x0.7',
    change: { logLatency: Math.log(0.7) },
    targetsOf: (samples) => [atLeast(0.95, share(samples, 'confirmed'), 'confirmed %')],
  },
];

/** Trials in blocks of changes that are in force from the start, while many tasks are in flight. */
export const IN_FLIGHT: Section = {
  experiments: ({ seed, trials }) =>
    WORLDS.map(
      (world): Experiment => ({
        name: world.name,
        runs: runsOf(world, trials),
        play(run) {
          const noise = createNoise(
            world.kind,
            SUCCESS_RATE,
            `${seed}/in-flight/${run}`,
            world.typicalMs,
          );
          const played = playTrial({
            assignment: 'switchback',
            seed: `${seed}/in-flight/${world.name}/${run}`,
            perform: performIn(world, noise),
            from: TASKS_BEFORE,
            inFlight: TASKS_IN_FLIGHT,
            plan: { isApplied: true },
          });
          return figuresOf(played);
        },
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] => [
    {
      title: `In blocks, ${TASKS_IN_FLIGHT} in flight, in force from the start`,
      note: `${trials} trials without an effect, ${Math.ceil(trials / PART)} with one; success ${SUCCESS_RATE}, tasks of 1 s. Tasks: medians.`,
      headings: HEADINGS,
      rows: WORLDS.map((world) => rowOf(world, samplesOf(world.name))),
    },
  ],
};

function runsOf({ targetsOf }: World, trials: number): number {
  return targetsOf === nothingFalse ? trials : Math.ceil(trials / PART);
}

const HEADINGS = [
  'confirmed %',
  'acted %',
  'HARMED %',
  'INVALID %',
  'INCON. %',
  'acted at',
  'confirmed at',
];

const SHARES = ['confirmed', 'acted', 'harmed', 'invalid', 'inconclusive'];

function performIn(world: World, noise: Noise) {
  const { change = NO_CHANGE } = world;
  const both = world.both?.(noise) ?? unchanged;
  const inArm =
    (only = unchanged): Disturb =>
    (performed, i) =>
      only(both(performed, i), i);
  return performDisturbed(noise, change, {
    old: inArm(world.old?.(noise)),
    new: inArm(world.new?.(noise)),
  });
}

const unchanged: Disturb = (performed) => performed;

function rowOf({ name, targetsOf }: World, samples: Samples): Row {
  return {
    name,
    cells: [
      ...SHARES.map((figure) => share(samples, figure)),
      whenAt(samples, 'actedAt'),
      whenIn(samples, 'begun', 'confirmed'),
    ],
    targets: targetsOf(samples),
  };
}

function nothingFalse(samples: Samples): Target[] {
  return [
    atMost(MAX_ERRORS, share(samples, 'confirmed'), 'confirmed %'),
    atMost(MAX_ERRORS, share(samples, 'harmed'), 'HARMED %'),
  ];
}

function harmFound(samples: Samples): Target[] {
  return [atLeast(0.95, share(samples, 'harmed'), 'HARMED %')];
}
