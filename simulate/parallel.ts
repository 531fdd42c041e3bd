import { atMost, type Row, type Table } from '../scripts/report/table.ts';
import { parseConfig } from '../src/config/load.ts';
import type { LoopSettings } from '../src/domain/settings.ts';
import type { Ledger } from '../src/ledger/ledger.ts';
import { createMemoryStore } from '../src/store/memory.ts';
import { median } from '../src/trial/evidence/distributions.ts';
import { type Change, NO_CHANGE } from './change.ts';
import { EngineTuner } from './engine-tuner.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { share } from './figures.ts';
import { createNoise, type Kind } from './noise.ts';
import { runPolicy, type World } from './orchestrator.ts';
import { ruleText } from './policies.ts';

/** Error rate of a trial at most, on each side. */
const MAX_ERRORS = 0.05;

const SUCCESS_RATE = 0.9;
const MAX_TASKS = 3000;
const HELPS: Change = { logLatency: Math.log(0.7) };

const NOISES = ['AR(1)', 'auto-gpt'] as const satisfies readonly Kind[];
const COUNTS = [2, 3, 4] as const;
const WAYS = ['at once', 'one by one'] as const;

interface Case {
  readonly name: string;
  readonly kind: Kind;
  readonly count: number;
  readonly way: (typeof WAYS)[number];
}

const CASES: readonly Case[] = NOISES.flatMap((kind) =>
  COUNTS.flatMap((count) =>
    WAYS.map((way) => ({ name: `${count} ${way}, ${kind}`, kind, count, way })),
  ),
);

/** What two parameters do that are tried at once. */
const PAIRS = ['add up', 'cancel out'] as const;

const runsOf = (trials: number) => Math.ceil(trials / 20);

/** Trials of unrelated parameters at the same time. */
export const PARALLEL: Section = {
  experiments: ({ seed, trials }) => [
    ...CASES.map(
      (one): Experiment => ({
        name: one.name,
        runs: runsOf(trials),
        play: (run) => playCase(one, `${seed}/parallel/${run}`),
      }),
    ),
    ...PAIRS.map(
      (name): Experiment => ({
        name,
        runs: runsOf(trials),
        play: (run) => playPair(name, `${seed}/pair/${run}`),
      }),
    ),
  ],
  tables: ({ trials }, samplesOf): Table[] => [
    {
      title: 'Trials of unrelated parameters at once',
      note: `${runsOf(trials)} runs each, by the engine: one parameter of x0.7, the others without effect; success rate ${SUCCESS_RATE} in AR(1). False: of the first trials of those without effect. Tasks: until every parameter has had a verdict, median.`,
      headings: ['null trials', 'false provis. %', 'false HARMED %', 'x0.7 found %', 'tasks'],
      rows: [
        ...CASES.map((one) => rowOf(one.name, samplesOf(one.name), [])),
        rowOf(
          'all at once',
          together(
            CASES.filter(({ way }) => way === 'at once'),
            samplesOf,
          ),
          ['false provis. %', 'false HARMED %'],
        ),
      ],
    },
    {
      title: 'Two parameters at once: does the table of combinations show whether effects add up?',
      note: `${runsOf(trials)} runs each, AR(1): each of x0.7, and both together x0.49 (add up) or x1 (cancel out). Interaction: median of its estimates, in log latency; seen: its 95 % interval excludes 0 when the first trial has ended.`,
      headings: ['tables %', 'truth', 'interaction', 'seen %'],
      rows: PAIRS.map((name): Row => {
        const samples = samplesOf(name);
        const known = (samples.interaction ?? []).filter((value) => !Number.isNaN(value));
        const seen = (samples.seen ?? []).filter((value) => !Number.isNaN(value));
        return {
          name,
          cells: [
            share(samples, 'shown'),
            name === 'add up' ? 0 : -2 * HELPS.logLatency,
            median(known),
            share({ seen }, 'seen'),
          ],
          targets: [],
        };
      }),
    },
  ],
};

function rowOf(name: string, samples: Samples, held: readonly string[]): Row {
  const sum = (figure: string) => (samples[figure] ?? []).reduce((all, one) => all + one, 0);
  const nulls = sum('nulls');
  const rates = {
    'false provis. %': sum('helped') / nulls,
    'false HARMED %': sum('harmed') / nulls,
  };
  return {
    name,
    cells: [nulls, ...Object.values(rates), share(samples, 'found'), median(samples.tasks ?? [])],
    targets: Object.entries(rates)
      .filter(([heading]) => held.includes(heading))
      .map(([heading, rate]) => atMost(MAX_ERRORS, rate, heading)),
  };
}

function together(cases: readonly Case[], samplesOf: (name: string) => Samples): Samples {
  const all = cases.map(({ name }) => samplesOf(name));
  const figures = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    figures.map((figure) => [figure, all.flatMap((samples) => samples[figure] ?? [])]),
  );
}

async function playCase({ kind, count, way }: Case, seed: string): Promise<Figures> {
  const run = await play({
    seed,
    names: namesOf(count),
    isParallel: way === 'at once',
    world: {
      noise: createNoise(kind, SUCCESS_RATE, seed),
      changesAt: () => namesOf(count).map((_, p) => (p === 0 ? HELPS : NO_CHANGE)),
    },
  });
  const verdicts = firstVerdicts(run.ledger, namesOf(count));
  const nulls = verdicts.slice(1);
  return {
    nulls: nulls.length,
    helped: nulls.filter((verdict) => verdict === 'helped').length,
    harmed: nulls.filter((verdict) => verdict === 'harmed').length,
    found: verdicts[0] === 'helped' ? 1 : 0,
    tasks: run.tasks,
  };
}

async function playPair(name: (typeof PAIRS)[number], seed: string): Promise<Figures> {
  const names = namesOf(2);
  let areBoth = false;
  const world: World = {
    noise: createNoise('AR(1)', SUCCESS_RATE, seed),
    onDispatch(on) {
      areBoth = on.every(Boolean);
    },
    changesAt: () => (areBoth && name === 'cancel out' ? [NO_CHANGE, NO_CHANGE] : [HELPS, HELPS]),
  };
  const { ledger } = await play({ seed, names, isParallel: true, world });
  const tables = [...ledger.state.deltasNewestFirst()].flatMap(
    ({ effect }) => effect?.beside ?? [],
  );
  const interaction = tables.at(-1)?.interaction;
  const { estimate = Number.NaN, lower = Number.NaN, upper = Number.NaN } = interaction ?? {};
  return {
    shown: interaction === undefined ? 0 : 1,
    interaction: estimate,
    seen: interaction === undefined ? Number.NaN : lower > 0 || upper < 0 ? 1 : 0,
  };
}

interface Setup {
  readonly seed: string;
  readonly names: readonly string[];
  readonly isParallel: boolean;
  readonly world: World;
}

/** Runs an orchestrator until each parameter has had a verdict. */
async function play({ seed, names, isParallel, world }: Setup) {
  let ledger: Ledger | undefined;
  let tasks = 0;
  await runPolicy(
    {
      ...world,
      isOver(i) {
        tasks = i;
        return firstVerdicts(ledger, names).every((verdict) => verdict !== undefined);
      },
    },
    async (clock) => {
      const settings = settingsOf(names, isParallel, seed);
      const tuner = await EngineTuner.create(settings, names, clock, createMemoryStore());
      ledger = tuner.ledger;
      return tuner;
    },
    MAX_TASKS,
  );
  if (ledger === undefined) throw new Error('the run has no ledger');
  return { ledger, tasks };
}

/** The verdict of the first trial of each parameter; `undefined` while it has none. */
function firstVerdicts(ledger: Ledger | undefined, names: readonly string[]) {
  const first = new Map<string, string | undefined>();
  for (const {
    target,
    effect,
    trialDeltaId,
    revertsDeltaId,
  } of ledger?.state.deltasNewestFirst() ?? []) {
    const isTried = trialDeltaId === '' && revertsDeltaId === '';
    if (isTried && effect !== undefined) first.set(target, effect.verdict);
  }
  return names.map((name) => first.get(name));
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, p) => `p${p}`);
}

function settingsOf(names: readonly string[], isParallel: boolean, seed: string): LoopSettings {
  const scope = isParallel ? ', interferes_with: []' : '';
  const text = `
curation: { mode: trial }
trial: { assignment: task, seed: "${seed}" }
parameters: { ${names.map((name) => `${name}: { initial: 0${scope} }`).join(', ')} }
rules:${names.map((name) => ruleText(`rule-${name}`, name, '1.0', 0)).join('')}
`;
  return parseConfig(text, 'parallel.yaml', 'yaml').config;
}
