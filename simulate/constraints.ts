import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { LATENCY, type Metric, SUCCESS } from '../src/domain/effect.ts';
import type { Task } from '../src/domain/task.ts';
import { createRandom } from '../src/rehearse/random.ts';
import { MEASURED_TASKS, measureMetric } from '../src/trial/plan.ts';
import { type Change, NO_CHANGE, performUnder, successBy, TASKS_BEFORE } from './change.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { figuresOf, medianOf, share, whenAt } from './figures.ts';
import { createNoise, type Kind, type Noise } from './noise.ts';
import { runPolicy, type World } from './orchestrator.ts';
import { ENGINE_MODES, engineContestant, PARAMETERS, parseRules, ruleText } from './policies.ts';
import { playTrial } from './trial-run.ts';
import { tasksBefore } from './trial-setup.ts';

const TASKS = 10_000;
const SUCCESS_RATE = 0.95;
const CHEAPER = 0.1;
const MAX_ERRORS = 0.05;

/** Standard deviation of the logarithm of a task's cost. */
const COST_DEVIATION = 0.5;

/** Runs of a whole orchestrator, as a multiple of those of other sections: shares of one in 20 have targets. */
const RUNS_FACTOR = 4;

/** A world in which a model costs a tenth, or as much, and fails more often. */
interface ModelWorld {
  readonly group: string;
  readonly name: string;
  readonly objective: string;
  /** Points of success that the model loses, as a share. */
  readonly lost: number;
  readonly costFactor: number;
  targetsOf(samples: Samples): Target[];
}

const CONSTRAINED = 'Constraints: a model at a tenth of the cost';
const WORTH = 'Utility: a success is worth 1 less its cost, a failure its cost less';

const BY_COST = '{ minimise: cost, subject_to: { success: -0.05 } }';
const BY_WORTH = `{ utility: '(status == "success" ? 1.0 : 0.0) - 0.5 * measurements.cost' }`;

const kept = (samples: Samples) => share(samples, 'kept');

const MODELS: readonly ModelWorld[] = [
  constrained('as good', 0, (samples) => [atLeast(0.9, kept(samples), 'kept %')]),
  constrained('2 points less', 0.02),
  constrained('5 points less', 0.05, (samples) => [atMost(0.2, kept(samples), 'kept %')]),
  constrained('10 points less', 0.1, (samples) => [atMost(0.05, kept(samples), 'kept %')]),
  {
    ...{ group: WORTH, name: 'cost x0.1, 2 points less', objective: BY_WORTH },
    ...{ lost: 0.02, costFactor: CHEAPER },
    targetsOf: (samples) => [atLeast(0.9, kept(samples), 'kept %')],
  },
  {
    ...{ group: WORTH, name: 'nothing', objective: BY_WORTH, lost: 0, costFactor: 1 },
    targetsOf: (samples) => [
      atMost(MAX_ERRORS, kept(samples), 'kept %'),
      atMost(MAX_ERRORS, share(samples, 'harmed'), 'HARMED %'),
    ],
  },
];

const TAIL = 'p95 of latency';

/** A change of the slowest tasks, or none. */
interface TailWorld {
  readonly name: string;
  readonly kind: Kind;
  readonly change: Change;
  targetsOf(samples: Samples): Target[];
}

const neither = (samples: Samples) => [
  atMost(MAX_ERRORS, share(samples, 'promoted'), 'provis. %'),
  atMost(MAX_ERRORS, share(samples, 'harmed'), 'HARMED %'),
];

const TAILS: readonly TailWorld[] = [
  ...(['AR(1)', 'heavy tails', 'drift', 'jump'] as const).map((kind) => ({
    ...{ name: `nothing, ${kind}`, kind, change: NO_CHANGE },
    targetsOf: neither,
  })),
  ...(['AR(1)', 'drift'] as const).map((kind) => ({
    ...{ name: `x0.5, ${kind}`, kind, change: { logLatency: Math.log(0.5) } },
    targetsOf: () => [],
  })),
];

/** Objectives: constraints that are proven or taken back, a utility, and the p95. */
export const CONSTRAINTS: Section = {
  experiments: ({ seed, trials, runs }) => [
    ...MODELS.map(
      (one): Experiment => ({
        name: `${one.group}/${one.name}`,
        runs: RUNS_FACTOR * runs,
        play: (run) => playModel(one, `${seed}/constraints/${one.group}/${one.name}/${run}`),
      }),
    ),
    ...TAILS.map(
      (one): Experiment => ({
        name: `${TAIL}/${one.name}`,
        runs: Math.ceil(trials / 5),
        play: (run) => playTail(one, `${seed}/tail-objective/${one.name}/${run}`),
      }),
    ),
  ],
  tables: (scale, samplesOf): Table[] => [
    ...[CONSTRAINED, WORTH].map((group) => modelTable(group, scale.runs, samplesOf)),
    tailTable(scale.trials, samplesOf),
  ],
};

function modelTable(group: string, runs: number, samplesOf: (name: string) => Samples): Table {
  return {
    title: group,
    note: `${RUNS_FACTOR * runs} runs each of ${TASKS} tasks through the engine, AR(1), success ${SUCCESS_RATE}, costs of 1 (log sd ${COST_DEVIATION}); objective: ${group === WORTH ? BY_WORTH : BY_COST}. Kept: confirmed and in force at the end. Saved: cost, mean over runs, by the report (what is confirmed) and in truth since then.`,
    headings: ['kept %', 'in force %', 'HARMED %', 'confirmed at', 'saved, report', 'saved, truth'],
    rows: MODELS.filter((one) => one.group === group).map((one): Row => {
      const samples = samplesOf(`${group}/${one.name}`);
      return {
        name: one.name,
        cells: [
          ...['kept', 'inForce', 'harmed'].map((figure) => share(samples, figure)),
          whenAt(samples, 'confirmedAt'),
          ...['told', 'saved'].map((figure) => share(samples, figure)),
        ],
        targets: one.targetsOf(samples),
      };
    }),
  };
}

function tailTable(trials: number, samplesOf: (name: string) => Samples): Table {
  return {
    title: TAIL,
    note: `${Math.ceil(trials / 5)} trials each, with their probation; success ${SUCCESS_RATE}, guard: success.`,
    headings: ['provis. %', 'confirmed %', 'HARMED %', 'INVALID %', 'tasks'],
    rows: TAILS.map((one): Row => {
      const samples = samplesOf(`${TAIL}/${one.name}`);
      const shown = ['promoted', 'confirmed', 'harmed', 'invalid'];
      return {
        name: one.name,
        cells: [...shown.map((figure) => share(samples, figure)), medianOf(samples, 'used')],
        targets: one.targetsOf(samples),
      };
    }),
  };
}

function constrained(
  name: string,
  lost: number,
  targetsOf: ModelWorld['targetsOf'] = () => [],
): ModelWorld {
  return { group: CONSTRAINED, name, objective: BY_COST, lost, costFactor: CHEAPER, targetsOf };
}

async function playModel(one: ModelWorld, seed: string): Promise<Figures> {
  const [target = ''] = PARAMETERS;
  const rule = `${ruleText('model', target, '1.0', 0)}\n    objective: ${one.objective}`;
  const engine = engineContestant(parseRules([rule], ENGINE_MODES.ours, seed));
  const watch = new ModelWatch(one, createNoise('AR(1)', SUCCESS_RATE, seed), seed);
  const world: World = {
    noise: watch.noise,
    changesAt: () => [watch.change],
    measure: (i, [isNew = false]) => watch.costAt(i, isNew),
    isOver(i) {
      watch.look(i, engine.inForce()[0] === true, engine.ledger?.state.trials ?? []);
      return false;
    },
  };
  await runPolicy(world, engine.create, TASKS);
  return watch.figures(engine.gains(), engine.inForce()[0] === true);
}

/** Counts what a model saves, and when it was confirmed. */
class ModelWatch {
  readonly noise: Noise;
  readonly change: Change;
  readonly #random: ReturnType<typeof createRandom>;
  readonly #factor: number;
  #confirmedAt = Number.NaN;
  #isConfirmed = false;
  #saved = 0;

  constructor({ lost, costFactor }: ModelWorld, noise: Noise, seed: string) {
    this.noise = noise;
    this.change = { logLatency: 0, ...successBy(-lost, SUCCESS_RATE) };
    this.#random = createRandom(`cost/${seed}`);
    this.#factor = costFactor;
  }

  look(i: number, isInForce: boolean, trials: readonly { readonly stage: string }[]): void {
    this.#isConfirmed = isInForce && trials.some(({ stage }) => stage === 'holdback');
    if (!this.#isConfirmed) this.#saved = 0;
    else if (Number.isNaN(this.#confirmedAt)) this.#confirmedAt = i;
  }

  costAt(_: number, isNew: boolean): Task['measurements'] {
    const cost = Math.exp(COST_DEVIATION * this.#random.normal());
    if (this.#isConfirmed && isNew) this.#saved += cost * (1 - this.#factor);
    return { cost: isNew ? cost * this.#factor : cost };
  }

  figures({ told, harmed }: { told: number; harmed: number }, isInForce: boolean): Figures {
    return {
      kept: this.#isConfirmed ? 1 : 0,
      inForce: isInForce ? 1 : 0,
      harmed,
      confirmedAt: this.#confirmedAt,
      told,
      saved: this.#saved,
    };
  }
}

function playTail({ kind, change }: TailWorld, seed: string): Figures {
  const perform = performUnder(createNoise(kind, SUCCESS_RATE, seed), change);
  const flow = { perform, from: TASKS_BEFORE };
  const tail: Metric = { ...LATENCY, statistic: 'p95' };
  const primary = measureMetric(tail, tasksBefore(flow).slice(-MEASURED_TASKS));
  const plan = { primary, guards: [{ ...SUCCESS, margin: 0.05 }] };
  return figuresOf(playTrial({ ...flow, assignment: 'task', seed, plan }));
}
