import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import {
  DEFAULT_MARGIN,
  type Guard,
  LATENCY,
  type Metric,
  OUTCOME,
  SUCCESS,
} from '../src/domain/effect.ts';
import { createRandom } from '../src/rehearse/random.ts';
import type { Arm } from '../src/trial/arm.ts';
import type { TrialPlan } from '../src/trial/plan.ts';
import { playChain } from './chain.ts';
import { type Change, changed, NO_CHANGE, successBy, TASKS_BEFORE } from './change.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { playBoth, share, whenAt } from './figures.ts';
import type { Perform } from './flow.ts';
import { createNoise } from './noise.ts';

const COST: Metric = { name: 'cost', kind: 'measurement', better: 'lower', statistic: 'total' };

/** Random numbers for a task's cost: one normal, one uniform. */
interface Chance {
  readonly z: number;
  readonly u: number;
}

/** The cost of a task; `undefined`: its report has none. */
type Price = (chance: Chance) => number | undefined;

interface CostWorld {
  readonly group: string;
  readonly name: string;
  readonly old: Price;
  readonly new: Price;
  readonly successRate: number;
  readonly change: Change;
  readonly inFlight: number;
  readonly isUntimed: boolean;
  readonly plan: Partial<TrialPlan>;
  /** Tasks of a chain of trials; 0: a single trial. */
  readonly maxTasks: number;
  targetsOf(samples: Samples): Target[];
}

const MAX_ERRORS = 0.05;
const SUCCESS_RATE = 0.95;

/** Tasks of a chain of trials. */
const CHAINED_TASKS = 400;

const PRIMARY = 'Cost as primary metric';
const GUARD = 'Cost as guard, latency x0.7';
const UNTIMED = 'Reports without latency';

const guardOf = (metric: Metric): Guard => ({ ...metric, margin: DEFAULT_MARGIN });
const BY_COST = { primary: COST, guards: [guardOf(SUCCESS)] };
const GUARDED = { primary: OUTCOME, guards: [SUCCESS, LATENCY, COST].map(guardOf) };

/** Log-normal: median and standard deviation of the logarithm. */
const spread =
  (typical: number, deviation: number): Price =>
  ({ z }) =>
    typical * Math.exp(deviation * z);
const pareto: Price = ({ u }) => (1 - u) ** (-1 / 1.2);
/** A share of the tasks costs nothing. */
const zeros =
  (share: number, price: Price): Price =>
  (chance) =>
    chance.u < share ? 0 : price(chance);
/** A share of the tasks costs `factor` times as much. */
const rare =
  (share: number, factor: number, price: Price): Price =>
  (chance) =>
    (price(chance) ?? 0) * (chance.u < share ? factor : 1);
/** Tasks above a limit do not report their cost. */
const hidden =
  (limit: number, price: Price): Price =>
  (chance) => {
    const cost = price(chance) ?? 0;
    return cost > limit ? undefined : cost;
  };

const PLAIN = spread(1, 0.5);
/** The p80 of `PLAIN`. */
const DEAR = Math.exp(0.5 * 0.8416);

const neither = (samples: Samples) => [
  atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %'),
  atMost(MAX_ERRORS, share(samples, 'harmed'), 'HARMED %'),
];
const notKept = (samples: Samples) => [
  atMost(MAX_ERRORS, share(samples, 'confirmed'), 'confirmed %'),
];
const notPromoted = (samples: Samples) => [
  atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %'),
];
const found = (inOne: number, inAll: number) => (samples: Samples) => [
  atLeast(inOne, share(samples, 'promoted'), 'provis. %'),
  atLeast(inAll, share(samples, 'chained'), `in ${CHAINED_TASKS} %`),
];

const WORLDS: readonly CostWorld[] = [
  world('nothing, log sd 1', { old: spread(1, 1), new: spread(1, 1) }, neither),
  world('nothing, Pareto 1.2', { old: pareto, new: pareto }, neither),
  world('nothing, 80 % zeros', { old: zeros(0.8, PLAIN), new: zeros(0.8, PLAIN) }, neither),
  world('nothing; x5 slower, 50 in flight', slower(5), neither),
  world('nothing; x0.2 faster, 50 in flight', slower(0.2), neither),
  world('x0.7, log sd .5', { new: spread(0.7, 0.5), maxTasks: CHAINED_TASKS }),
  world('median -20 %, mean +26 %', { new: spread(0.8, 1.076) }, notKept),
  world('median -30 %, mean +65 %', { new: spread(0.7, 1.401) }, notKept),
  world('median -20 %; 5 % x12.5', { new: rare(0.05, 12.5, spread(0.8, 0.5)) }, notKept),
  world(
    '80 % zeros, x0.25',
    { old: zeros(0.8, PLAIN), new: zeros(0.8, spread(0.25, 0.5)), maxTasks: CHAINED_TASKS },
    found(0.35, 0.74),
  ),
  world(
    'zeros 80 to 95 %',
    { old: zeros(0.8, PLAIN), new: zeros(0.95, PLAIN), maxTasks: CHAINED_TASKS },
    found(0.35, 0.74),
  ),
  world('nothing; new hides its dearest 20 %', { new: hidden(DEAR, PLAIN) }, notPromoted),
  world(
    'nothing; both hide their dearest 20 %',
    { old: hidden(DEAR, PLAIN), new: hidden(DEAR, PLAIN) },
    neither,
  ),
  guarded('nothing, log sd 1', { old: spread(1, 1), new: spread(1, 1) }, (samples) => [
    atLeast(0.8, share(samples, 'confirmed'), 'confirmed %'),
  ]),
  guarded('nothing, Pareto 1.2', { old: pareto, new: pareto }),
  guarded('median -20 %, mean +26 %', { new: spread(0.8, 1.076) }, notKept),
  guarded('80 % zeros, x10', { old: zeros(0.8, PLAIN), new: zeros(0.8, spread(10, 0.5)) }, notKept),
  untimed('nothing', {}, neither),
  untimed('success -20 points', successBy(-0.2, SUCCESS_RATE), notPromoted),
  untimed('success +15 points, from .8', successBy(0.15, 0.8), undefined, { successRate: 0.8 }),
  untimed('primary cost, x0.7', {}, undefined, { new: spread(0.7, 0.5), plan: BY_COST }),
];

/** Measurements as primary metric and as guard. */
export const COSTS: Section = {
  experiments: ({ seed, trials }) =>
    WORLDS.map(
      (one): Experiment => ({
        name: `${one.group}/${one.name}`,
        runs: Math.ceil(trials / 5),
        play: (run) => play(one, `${seed}/costs/${one.group}/${one.name}/${run}`),
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] =>
    [PRIMARY, GUARD, UNTIMED].map((group) => ({
      title: group,
      note: `${Math.ceil(trials / 5)} trials each, AR(1), 8 in flight, with their probation. ${NOTES[group] ?? ''}`,
      headings: [
        'provis. %',
        'confirmed %',
        'HARMED %',
        'INVALID %',
        'provis. at',
        `in ${CHAINED_TASKS} %`,
        'shipped HELPED %',
        'shipped HARMED %',
      ],
      rows: WORLDS.filter((one) => one.group === group).map((one) =>
        rowOf(one, samplesOf(`${group}/${one.name}`)),
      ),
    })),
};

const NOTES: Readonly<Record<string, string>> = {
  [PRIMARY]: `Guard: success. In ${CHAINED_TASKS}: put in force by trials that are gone on with.`,
  [GUARD]: 'Guards: success, latency and cost.',
  [UNTIMED]: 'The default primary metric, which is success then, unless it says otherwise.',
};

function rowOf({ name, maxTasks, targetsOf }: CostWorld, samples: Samples): Row {
  const shares = ['promoted', 'confirmed', 'harmed', 'invalid'].map((one) => share(samples, one));
  const chained = maxTasks > 0 ? share(samples, 'chained') : Number.NaN;
  const shipped = ['shippedHelped', 'shippedHarmed'].map((one) => share(samples, one));
  const cells = [...shares, whenAt(samples, 'promotedAt'), chained, ...shipped];
  return { name, cells, targets: targetsOf(samples) };
}

function play(one: CostWorld, seed: string): Figures {
  const { plan, inFlight, maxTasks } = one;
  const perform = performIn(one, seed);
  const setup = { assignment: 'task', seed, perform, from: TASKS_BEFORE, plan, inFlight } as const;
  const chained = maxTasks > 0 && playChain(setup, maxTasks).all === -1;
  return { ...playBoth(setup), chained: chained ? 1 : 0 };
}

function performIn(
  { change, successRate, isUntimed, ...prices }: CostWorld,
  seed: string,
): Perform {
  const noise = createNoise('AR(1)', successRate, seed);
  const random = createRandom(`cost/${seed}`);
  const chances: Chance[] = [];
  return (i, arm: Arm) => {
    while (chances.length <= i) chances.push({ z: random.normal(), u: random.uniform() });
    const chance = chances[i];
    const cost = chance && prices[arm](chance);
    const performed = changed(noise.at(i), arm === 'new' ? change : NO_CHANGE);
    return { ...performed, isUntimed, measurements: cost === undefined ? {} : { cost } };
  };
}

function world(
  name: string,
  part: Partial<CostWorld>,
  targetsOf: CostWorld['targetsOf'] = () => [],
): CostWorld {
  return {
    group: PRIMARY,
    name,
    old: PLAIN,
    new: PLAIN,
    successRate: SUCCESS_RATE,
    change: NO_CHANGE,
    inFlight: 8,
    isUntimed: false,
    plan: BY_COST,
    maxTasks: 0,
    targetsOf,
    ...part,
  };
}

/** A change of latency that leaves the cost alone. */
function slower(factor: number): Partial<CostWorld> {
  return { change: { logLatency: Math.log(factor) }, inFlight: 50 };
}

function guarded(
  name: string,
  part: Partial<CostWorld>,
  targetsOf?: CostWorld['targetsOf'],
): CostWorld {
  const change = { logLatency: Math.log(0.7) };
  return world(name, { group: GUARD, change, plan: GUARDED, ...part }, targetsOf);
}

function untimed(
  name: string,
  change: Partial<Change>,
  targetsOf?: CostWorld['targetsOf'],
  part: Partial<CostWorld> = {},
): CostWorld {
  const plan = { primary: OUTCOME, guards: [SUCCESS, LATENCY].map(guardOf) };
  const own = { group: UNTIMED, isUntimed: true, change: { ...NO_CHANGE, ...change }, plan };
  return world(name, { ...own, ...part }, targetsOf);
}
