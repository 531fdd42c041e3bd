import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { type Change, NO_CHANGE, successBy, TASKS_BEFORE } from './change.ts';
import {
  cancelSlowest,
  type Disturb,
  hang,
  late,
  loseFailures,
  loseSlowest,
  performDisturbed,
} from './disturbance.ts';
import type { Experiment, Samples, Section } from './experiment.ts';
import { playBoth, share, whenAt, whenIn } from './figures.ts';
import { createNoise, type Kind, type Noise, TYPICAL_MS, WIDE } from './noise.ts';

const IN_FLIGHT = [8, 50] as const;

/** Runs of a world are `trials / PART`. */
const PART = 5;

interface FieldWorld {
  readonly group: string;
  readonly name: string;
  readonly kind: Kind;
  readonly successRate: number;
  readonly typicalMs?: number;
  readonly change?: Change;
  old?(noise: Noise): Disturb;
  new?(noise: Noise): Disturb;
  readonly targetsOf?: (samples: Samples) => Target[];
}

/** Error rate at most, on each side. */
const MAX_ERRORS = 0.05;

const LATE = 'In the field: reports that come late';
const LOST = 'In the field: tasks that are lost';
const EFFECTS = 'In the field: effects';
const LN_07 = Math.log(0.7);
const AR = { kind: 'AR(1)', successRate: 0.95 } as const;

const WORLDS: readonly FieldWorld[] = [
  { ...AR, group: LATE, name: 'nothing, AR(1)' },
  { ...AR, group: LATE, name: 'nothing, mini-agi', kind: 'mini-agi' },
  { ...AR, group: LATE, name: 'nothing, auto-gpt', kind: 'auto-gpt' },
  ...[4, 20].flatMap((factor) => [
    lateWorld('new', factor, { kind: WIDE }),
    lateWorld('old', factor, { kind: WIDE }),
  ]),
  ...[4, 20].flatMap((factor) => [lateWorld('new', factor, {}), lateWorld('old', factor, {})]),
  lateWorld('new', 20, { typicalMs: 10 * TYPICAL_MS }),
  lateWorld('old', 20, { typicalMs: 10 * TYPICAL_MS }),
  lateWorld('new', 20, { kind: 'mini-agi' }),
  lateWorld('old', 20, { kind: 'mini-agi' }),
  ...[0.2, 0.15, 0.1].map((failures) => ({
    ...AR,
    group: LOST,
    name: `new loses failures, ${failures * 100} %`,
    successRate: 1 - failures,
    new: () => loseFailures,
  })),
  ...[0.1, 0.15].map((part) => ({
    ...AR,
    group: LOST,
    name: `new loses slowest ${part * 100} %`,
    new: (noise: Noise) => loseSlowest(part, noise),
    targetsOf: notPromoted,
  })),
  {
    ...AR,
    group: LOST,
    name: 'both lose slowest 10 %',
    old: (noise) => loseSlowest(0.1, noise),
    new: (noise) => loseSlowest(0.1, noise),
  },
  {
    ...AR,
    group: LOST,
    name: 'x0.9, and 10 % of new hang',
    change: { logLatency: Math.log(0.9) },
    new: (noise) => hang(0.1, noise),
    targetsOf: (samples) => [
      atMost(0.2, share(samples, 'promoted'), 'provis. %'),
      atMost(MAX_ERRORS, share(samples, 'confirmed'), 'confirmed %'),
    ],
  },
  {
    ...AR,
    group: LOST,
    name: 'new cancels slowest 30 %',
    new: (noise) => cancelSlowest(0.3, noise),
  },
  {
    ...AR,
    group: LOST,
    name: 'both cancel slowest 30 %',
    old: (noise) => cancelSlowest(0.3, noise),
    new: (noise) => cancelSlowest(0.3, noise),
  },
  effect('x0.7, success .95', { logLatency: LN_07 }, (samples) => [
    atLeast(0.85, share(samples, 'confirmed'), 'confirmed %'),
  ]),
  ...[-0.05, -0.1, -0.2].map((points) =>
    effect(`x0.7, ${points * 100} points`, { logLatency: LN_07, ...successBy(points, 0.95) }),
  ),
  {
    ...effect('x0.7, success 1', { logLatency: LN_07 }, (samples) => [
      atLeast(0.95, share(samples, 'confirmed'), 'confirmed %'),
    ]),
    successRate: 1,
  },
  ...['1.42', '2'].map((factor) =>
    effect(`x${factor}`, { logLatency: Math.log(Number(factor)) }, (samples) => [
      atLeast(0.95, share(samples, 'harmed'), 'HARMED %'),
    ]),
  ),
  {
    ...effect('mini-agi, +20 points', { logLatency: 0, mends: 0.2 / 0.56 }),
    kind: 'mini-agi',
  },
];

const CASES = IN_FLIGHT.flatMap((inFlight) => WORLDS.map((world) => ({ world, inFlight })));

/** Single trials with probation and late or lost reports, by both methods. */
export const FIELD: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(
      ({ world, inFlight }): Experiment => ({
        name: `${world.name}/${inFlight}`,
        runs: Math.ceil(trials / PART),
        play(run) {
          const { kind, successRate, typicalMs, change = NO_CHANGE } = world;
          const noise = createNoise(kind, successRate, `${seed}/field/${run}`, typicalMs);
          const disturb = {
            ...(world.old && { old: world.old(noise) }),
            ...(world.new && { new: world.new(noise) }),
          };
          return playBoth({
            assignment: 'task',
            seed: `${seed}/${world.name}/${inFlight}/${run}`,
            perform: performDisturbed(noise, change, disturb),
            from: TASKS_BEFORE,
            inFlight,
          });
        },
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] =>
    [LATE, LOST, EFFECTS].flatMap((group) =>
      IN_FLIGHT.map((inFlight) => ({
        title: `${group}, ${inFlight} in flight`,
        note: `${Math.ceil(trials / PART)} trials each, with their probation; tasks of 1 s, success .95, unless it says otherwise. ${NOTES[group] ?? ''}`,
        headings: HEADINGS,
        rows: WORLDS.filter((world) => world.group === group).map((world) =>
          rowOf(world, samplesOf(`${world.name}/${inFlight}`)),
        ),
      })),
    ),
};

const HEADINGS = [
  'provis. %',
  'confirmed %',
  'acted %',
  'HARMED %',
  'INVALID %',
  'INCON. %',
  'acted at',
  'provis. at',
  'confirmed at',
  'shipped HELPED %',
  'shipped HARMED %',
  'shipped INVALID %',
];

const SHARES = ['promoted', 'confirmed', 'acted', 'harmed', 'invalid', 'inconclusive'];
const SHIPPED = ['shippedHelped', 'shippedHarmed', 'shippedInvalid'];

const NOTES: Readonly<Record<string, string>> = {
  [LATE]:
    'The arm that is named is reported later by so many times the latency. INVALID is right where that is longer than the outcome timeout: such reports cannot be told from lost ones before they come.',
  [LOST]:
    'A lost task counts as failed, so HARMED is right where the new arm loses what would have succeeded; INVALID is where it cancels other tasks. Who loses the slowest looks faster at first: probation finds what it cost. Hanging tasks are given up after 10 minutes.',
  [EFFECTS]: '',
};

function rowOf({ name, targetsOf = nothingFalse }: FieldWorld, samples: Samples): Row {
  return {
    name,
    cells: [
      ...SHARES.map((figure) => share(samples, figure)),
      whenAt(samples, 'actedAt'),
      whenAt(samples, 'promotedAt'),
      whenIn(samples, 'begun', 'confirmed'),
      ...SHIPPED.map((figure) => share(samples, figure)),
    ],
    targets: targetsOf(samples),
  };
}

/** HARMED is not false here, since the change loses tasks. */
function notPromoted(samples: Samples): Target[] {
  return [atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %')];
}

/** The change has no effect. */
function nothingFalse(samples: Samples): Target[] {
  return [
    atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %'),
    atMost(MAX_ERRORS, share(samples, 'harmed'), 'HARMED %'),
  ];
}

function lateWorld(
  arm: 'old' | 'new',
  factor: number,
  world: Partial<Pick<FieldWorld, 'kind' | 'typicalMs'>>,
): FieldWorld {
  const { kind = 'AR(1)', typicalMs = TYPICAL_MS } = world;
  const tasks = typicalMs === TYPICAL_MS ? kind : `${kind}, ${typicalMs / 1000} s`;
  const name = `${arm} late ${factor} x, ${tasks}`;
  return { ...AR, group: LATE, name, kind, typicalMs, [arm]: () => late(factor) };
}

function effect(
  name: string,
  change: Change,
  targetsOf: (samples: Samples) => Target[] = () => [],
): FieldWorld {
  return { ...AR, group: EFFECTS, name, change, targetsOf };
}
