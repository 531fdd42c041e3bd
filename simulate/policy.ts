import { atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { createRandom } from '../src/rehearse/random.ts';
import { mean } from '../src/trial/evidence/distributions.ts';
import { type Change, latencyQuantile } from './change.ts';
import type { Experiment, Figures, Section } from './experiment.ts';
import { createNoise, type Kind, type Noise, TRACES, WORLDS } from './noise.ts';
import { POLICY_TASKS, runPolicy, SLOW_PACE_MS, type World } from './orchestrator.ts';
import { PARAMETERS, POLICIES } from './policies.ts';

/** Effect of a new value on log latency, and its probabilities. */
const EFFECT = 0.35;
const HELPFUL = 0.4;
const HARMFUL = 0.3;

export const POLICY_SUCCESS_RATE = 0.95;

/** The rules fire while the window's median latency is above this share of the usual one. */
const SLOW = 0.8;

const KINDS = [...WORLDS, ...TRACES] as const;

/** The columns. */
const WAYS = {
  none: { policy: 'no tuning' },
  'open loop': { policy: 'open loop' },
  'before/after': { policy: 'before/after' },
  GLR: { policy: 'GLR' },
  shipped: { policy: 'shipped' },
  ours: { policy: 'ours' },
  always: { policy: 'ours, always' },
  'one by one': { policy: 'ours, always', paceMs: SLOW_PACE_MS, kinds: TRACES },
  switchback: { policy: 'ours, switchback' },
} as const satisfies Record<string, Way>;

interface Way {
  readonly policy: string;
  readonly paceMs?: number;
  /** Kinds of noise, by default all. */
  readonly kinds?: readonly Kind[];
}

const NAMES = Object.keys(WAYS);

function waysIn(kind: Kind): [string, Way][] {
  return Object.entries<Way>(WAYS).filter(([, { kinds }]) => kinds?.includes(kind) !== false);
}

const MAX_REGRET = 0.12;
const MAX_HARMFUL_ON = 0.01;

/** The ledger of every `AUDITED`-th run is verified. */
const AUDITED = 4;

/** Runs of a whole orchestrator, tuned in different ways. */
export const POLICY: Section = {
  experiments: ({ seed, runs }) =>
    KINDS.flatMap((kind) =>
      waysIn(kind).map(
        ([name, { policy, paceMs }]): Experiment => ({
          name: `${kind}/${name}`,
          runs,
          play(run) {
            const noise = createNoise(kind, POLICY_SUCCESS_RATE, `${seed}/policy/${run}`);
            const changes = drawEffects(`${seed}/${run}`).map(asChange);
            const world = { noise, changesAt: () => changes, paceMs };
            return playPolicy(world, policy, `${seed}/${kind}/${run}`, run % AUDITED === 0);
          },
        }),
      ),
    ),
  tables({ runs }, samplesOf) {
    const figure = (kind: string, name: string, one: string) =>
      mean(samplesOf(`${kind}/${name}`)[one] ?? [Number.NaN]);
    const table = (
      title: string,
      note: string,
      one: string,
      targetsOf: (kind: string) => Target[],
    ): Table => ({
      title,
      note: `Means of ${runs} runs of ${POLICY_TASKS} tasks; ${PARAMETERS.length} rules, of which 40 % help, 30 % harm and 30 % do nothing. ${note}`,
      headings: NAMES,
      rows: KINDS.map(
        (kind): Row => ({
          name: kind,
          cells: NAMES.map((name) => figure(kind, name, one)),
          targets: targetsOf(kind),
        }),
      ),
    });
    return [
      table('Regret: log latency per task above the best', REGRET_NOTE, 'regret', (kind) => {
        const regret = figure(kind, 'ours', 'regret');
        const third = figure(kind, 'open loop', 'regret') / 3;
        return [
          atMost(MAX_REGRET, regret, 'ours'),
          { text: 'ours <= open loop / 3', met: regret <= third },
          ...TRACES.filter((trace) => trace === kind).map((trace) =>
            atMost(MAX_REGRET, figure(trace, 'one by one', 'regret'), 'one by one'),
          ),
        ];
      }),
      table('Harmful deltas left on, per run', '', 'harmfulOn', (kind) => [
        atMost(MAX_HARMFUL_ON, figure(kind, 'ours', 'harmfulOn'), 'ours'),
      ]),
      table('Helpful deltas missed, per run', '', 'helpfulMissed', () => []),
      soundness(runs, (name, one) =>
        KINDS.flatMap((kind) => samplesOf(`${kind}/${name}`)[one] ?? []),
      ),
    ];
  },
};

const REGRET_NOTE =
  'Ours can begin a trial only when a rule fires, which is while tasks are slow; in "always" the rules fire always, and in "one by one" a task comes every five minutes, too, so that no report is late. Otherwise one comes every 1.5 s: of a trace 4 to 26 run at a time, and the cooldown of 300 s is 200 tasks.';

/** Faults over all runs. */
function soundness(
  runs: number,
  samples: (name: string, figure: string) => readonly number[],
): Table {
  const headings = ['repeated while resting', 'replayed otherwise'];
  const all = KINDS.length * runs;
  const audited = KINDS.length * Math.ceil(runs / AUDITED);
  return {
    title: 'What must never happen',
    note: `Over all ${all} runs of each: proposals of what should rest; over ${audited} of them: anything that is not the same once the ledger is played again.`,
    headings,
    rows: (['ours', 'switchback'] as const).map((name) => {
      const cells = ['repeated', 'replayFaults'].map((figure) => sum(samples(name, figure)));
      return {
        name,
        cells,
        targets: cells.map((cell, i) => atMost(0, cell, headings[i] ?? '')),
      };
    }),
  };
}

/** Runs a policy in a world. */
export async function playPolicy(
  world: World,
  policy: string,
  seed: string,
  isAudited: boolean,
): Promise<Figures> {
  const contestant = POLICIES[policy]?.({ slowMs: slowMsOf(world.noise), seed });
  if (contestant === undefined) throw new Error(`there is no policy ${policy}`);
  const { halves, inForce: _, ...figures } = await runPolicy(world, contestant.create);
  return { ...figures, first: halves[0], second: halves[1], ...contestant.figures(isAudited) };
}

export function asChange(logLatency: number): Change {
  return { logLatency };
}

/** The limit above which the rules find tasks slow, in milliseconds. */
export function slowMsOf(noise: Noise): number {
  return SLOW * latencyQuantile(noise, 0.5);
}

export function drawEffects(name: string): readonly number[] {
  const random = createRandom(`effects/${name}`);
  return PARAMETERS.map(() => {
    const chance = random.uniform();
    if (chance < HELPFUL) return -EFFECT;
    return chance < HELPFUL + HARMFUL ? EFFECT : 0;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
