import { atLeast, type Row, type Table } from '../scripts/report/table.ts';
import type { Comparison } from '../src/domain/effect.ts';
import { amountOver } from '../src/domain/gains.ts';
import { sumGains } from '../src/engine/gains.ts';
import type { LedgerState } from '../src/ledger/state.ts';
import { createRandom, type Random } from '../src/rehearse/random.ts';
import { mean } from '../src/trial/evidence/distributions.ts';
import { type Change, changed, NO_CHANGE, successBy } from './change.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { share } from './figures.ts';
import { createNoise, type Kind, type Noise } from './noise.ts';
import { runPolicy, type World } from './orchestrator.ts';
import { ENGINE_MODES, engineContestant, PARAMETERS, parseRules, ruleText } from './policies.ts';

/** Tasks of a run. */
const TASKS = 5000;
const SUCCESS_RATE = 0.9;

/** Planted: latency x0.7, five points of success, and cost x0.75. */
const PLANTED: Change = { logLatency: Math.log(0.7), ...successBy(0.05, SUCCESS_RATE) };
const CHEAPER = 0.75;

const METRICS = ['latency', 'success', 'cost'] as const;
type Metric = (typeof METRICS)[number];

const MS_PER_HOUR = 3_600_000;
const MIN_HELD = 0.95;

interface GainWorld {
  readonly name: string;
  readonly kind: Kind;
  readonly mode: 'ours' | 'ours, switchback';
}

const KINDS = ['AR(1)', 'drift', 'auto-gpt', 'mini-agi'] as const;

const WORLDS: readonly GainWorld[] = [
  ...KINDS.map((kind) => ({ name: kind, kind, mode: 'ours' }) as const),
  { name: 'AR(1), blocks', kind: 'AR(1)', mode: 'ours, switchback' },
];

/** What is told to have been gained, against what was planted. */
export const GAINS: Section = {
  experiments: ({ seed, runs }) =>
    WORLDS.map(
      (world): Experiment => ({
        name: world.name,
        runs,
        play: (run) => play(world, `${seed}/gains/${run}`),
      }),
    ),
  tables: ({ runs }, samplesOf): Table[] => [
    {
      title: 'Gains against planted truth',
      note: `${runs} runs of ${TASKS} tasks each, by the engine, 5 % held back; latency x0.7, success +5 points, cost x${CHEAPER}. Share of intervals at the end that hold what the tasks have truly gained since the confirmation; blocks have no holdback: there, the difference per task at the confirmation. Predictions: intervals at promotion and confirmation that hold what the holdback found.`,
      headings: [
        'confirmed %',
        ...METRICS.map((metric) => `${metric} held %`),
        'all held %',
        ...METRICS.map((metric) => `${metric} shown %`),
        'predictions held %',
      ],
      rows: [
        ...WORLDS.map(({ name }) => rowOf(name, samplesOf(name))),
        {
          ...rowOf('all', together(WORLDS.map(({ name }) => samplesOf(name)))),
          targets: [
            atLeast(
              MIN_HELD,
              heldIn(together(WORLDS.map(({ name }) => samplesOf(name)))),
              'all held %',
            ),
          ],
        },
      ],
    },
  ],
};

function rowOf(name: string, samples: Samples): Row {
  const graded = sumOf(samples, 'graded');
  return {
    name,
    cells: [
      share(samples, 'confirmed'),
      ...METRICS.map((metric) => known(samples, `${metric}Held`)),
      heldIn(samples),
      ...METRICS.map((metric) => known(samples, `${metric}Shown`)),
      graded === 0 ? Number.NaN : sumOf(samples, 'predictionsHeld') / graded,
    ],
    targets: [],
  };
}

function heldIn(samples: Samples): number {
  return meanOf(METRICS.flatMap((metric) => samples[`${metric}Held`] ?? []));
}

function known(samples: Samples, figure: string): number {
  return meanOf(samples[figure] ?? []);
}

/** Without the runs that tell nothing. */
function meanOf(values: readonly number[]): number {
  const told = values.filter((value) => !Number.isNaN(value));
  return told.length === 0 ? Number.NaN : mean(told);
}

function sumOf(samples: Samples, figure: string): number {
  return (samples[figure] ?? []).reduce((sum, value) => sum + value, 0);
}

function together(all: readonly Samples[]): Samples {
  const figures = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    figures.map((figure) => [figure, all.flatMap((samples) => samples[figure] ?? [])]),
  );
}

async function play({ kind, mode }: GainWorld, seed: string): Promise<Figures> {
  const rule = `${ruleText('rule', PARAMETERS[0] ?? '', '1.0', 0)}
    guards: [{ measurement: cost, better: lower, margin: 0.1 }]`;
  const settings = parseRules([rule], ENGINE_MODES[mode], seed);
  const engine = engineContestant(settings);
  const planted = new Planted(createNoise(kind, SUCCESS_RATE, seed), createRandom(`cost/${seed}`));
  const world: World = {
    noise: planted.noise,
    changesAt: () => [PLANTED, NO_CHANGE, NO_CHANGE],
    onDispatch: (on) => planted.take(on[0] === true, isConfirmed(engine.ledger?.state)),
    measure: (i, on) => ({ cost: planted.costAt(i) * (on[0] === true ? CHEAPER : 1) }),
  };
  await runPolicy(world, engine.create, TASKS);
  const state = engine.ledger?.state;
  return state === undefined ? {} : figuresOf(state, planted, mode);
}

function isConfirmed(state: LedgerState | undefined): boolean {
  return state !== undefined && confirmedIn(state) !== undefined;
}

function confirmedIn(state: LedgerState) {
  // The one rule goes on proposing nothing else.
  for (const delta of state.deltasNewestFirst()) if (delta.confirmation) return delta;
  return undefined;
}

/** What tasks have truly gained, by their noise with and without the change. */
class Planted {
  readonly noise: Noise;
  /** Of the tasks with the new value since the confirmation. */
  readonly gained: Record<Metric, number> = { latency: 0, success: 0, cost: 0 };
  /** Of all tasks, as if each had the new value. */
  readonly possible: Record<Metric, number> = { latency: 0, success: 0, cost: 0 };
  #tasks = 0;
  readonly #random: Random;
  readonly #costs: number[] = [];

  constructor(noise: Noise, random: Random) {
    this.noise = noise;
    this.#random = random;
  }

  get tasks(): number {
    return this.#tasks;
  }

  costAt(i: number): number {
    while (this.#costs.length <= i) this.#costs.push(Math.exp(0.5 * this.#random.normal()));
    return this.#costs[i] ?? Number.NaN;
  }

  /** The next task is dispatched. */
  take(isNew: boolean, isCounted: boolean): void {
    const old = this.noise.at(this.#tasks);
    const fresh = changed(old, PLANTED);
    const successes = (draw: typeof old) => (draw.status === 'success' ? 1 : 0);
    const own: Record<Metric, number> = {
      latency: (old.latencyMs - fresh.latencyMs) / MS_PER_HOUR,
      success: successes(fresh) - successes(old),
      cost: (1 - CHEAPER) * this.costAt(this.#tasks),
    };
    for (const metric of METRICS) {
      this.possible[metric] += own[metric];
      if (isNew && isCounted) this.gained[metric] += own[metric];
    }
    this.#tasks += 1;
  }
}

function figuresOf(state: LedgerState, planted: Planted, mode: GainWorld['mode']): Figures {
  const { changes, record } = sumGains(state);
  const delta = confirmedIn(state);
  const change = changes.find((one) => one.delta.deltaId === delta?.deltaId);
  const isByBlocks = mode === 'ours, switchback';
  const told = isByBlocks
    ? inAll(delta?.confirmation?.compared, planted.tasks)
    : (change?.gains.map(({ total }) => total) ?? []);
  const truth = isByBlocks ? planted.possible : planted.gained;
  const figures: Record<string, number> = {
    confirmed: delta === undefined ? 0 : 1,
    graded: record.predictionsGraded,
    predictionsHeld: record.predictionsHeld,
  };
  for (const metric of METRICS) {
    const amount = told.find((one) => one.metric === metric);
    const { lower = Number.NaN, upper = Number.NaN } = amount ?? {};
    const holds = lower <= truth[metric] && truth[metric] <= upper;
    figures[`${metric}Held`] = amount === undefined ? Number.NaN : Number(holds);
    figures[`${metric}Shown`] = amount === undefined ? Number.NaN : Number(lower > 0);
  }
  return figures;
}

function inAll(compared: Comparison | undefined, tasks: number) {
  return (compared?.differences ?? []).map((one) => amountOver(one, tasks));
}
