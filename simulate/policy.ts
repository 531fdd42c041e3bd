import { mean, median } from '../src/trial/distributions.ts';
import type { Experiment, Figures, Section } from './experiment.ts';
import { createNoise, KINDS, type Kind, type Noise } from './noise.ts';
import { POLICY_TASKS, runPolicy } from './orchestrator.ts';
import { PARAMETERS, POLICIES } from './policies.ts';
import { createRandom } from './random.ts';
import { atMost, type Row, type Table, type Target } from './table.ts';

/** What a new value adds to log latency, and how likely that is. */
const EFFECT = 0.35;
const HELPFUL = 0.4;
const HARMFUL = 0.3;

export const POLICY_SUCCESS_RATE = 0.95;

/** The rules fire while the window's median latency is above this share of the usual one. */
const SLOW = 0.8;

/** Tasks that the usual latency is taken from. */
const USUAL_TASKS = 1000;

const NAMES = Object.keys(POLICIES);

const MAX_REGRET = 0.12;
const MAX_HARMFUL_ON = 0.01;

/** Whole runs of an orchestrator, tuned in different ways. */
export const POLICY: Section = {
  experiments: ({ seed, runs }) =>
    KINDS.flatMap((kind) =>
      NAMES.map(
        (policy): Experiment => ({
          name: `${kind}/${policy}`,
          runs: runsOf(kind, runs),
          play(run) {
            const noise = createNoise(kind, POLICY_SUCCESS_RATE, `${seed}/policy/${run}`);
            const effects = drawEffects(`${seed}/${run}`);
            return playPolicy(noise, () => effects, policy, `${seed}/${kind}/${run}`);
          },
        }),
      ),
    ),
  tables({ runs }, samplesOf) {
    const figure = (kind: string, policy: string, name: string) =>
      mean(samplesOf(`${kind}/${policy}`)[name] ?? []);
    const table = (title: string, name: string, targetsOf: (kind: string) => Target[]): Table => ({
      title,
      note: `Means of ${runs} runs of ${POLICY_TASKS} tasks, half as many but in AR(1); ${PARAMETERS.length} rules, of which 40 % help, 30 % harm and 30 % do nothing.`,
      headings: NAMES,
      rows: KINDS.map(
        (kind): Row => ({
          name: kind,
          cells: NAMES.map((policy) => figure(kind, policy, name)),
          targets: targetsOf(kind),
        }),
      ),
    });
    return [
      table('Regret: log latency per task above the best', 'regret', (kind) => {
        const regret = figure(kind, 'ours', 'regret');
        const third = figure(kind, 'open loop', 'regret') / 3;
        return [
          atMost(MAX_REGRET, regret, 'ours'),
          { text: 'ours <= open loop / 3', met: regret <= third },
        ];
      }),
      table('Harmful deltas left on, per run', 'harmfulOn', (kind) => [
        atMost(MAX_HARMFUL_ON, figure(kind, 'ours', 'harmfulOn'), 'ours'),
      ]),
      table('Helpful deltas missed, per run', 'helpfulMissed', () => []),
      soundness(runs, (policy, name) =>
        KINDS.flatMap((kind) => samplesOf(`${kind}/${policy}`)[name] ?? []),
      ),
    ];
  },
};

/** What must never happen, over all runs. */
function soundness(
  runs: number,
  samples: (policy: string, name: string) => readonly number[],
): Table {
  const headings = ['repeated while resting', 'replayed otherwise'];
  return {
    title: 'What must never happen',
    note: `Over all ${KINDS.reduce((sum, kind) => sum + runsOf(kind, runs), 0)} runs of each: proposals of what should rest; anything that is not the same once the ledger is played again.`,
    headings,
    rows: (['ours', 'ours, switchback'] as const).map((policy) => {
      const cells = ['repeated', 'replayFaults'].map((name) => sum(samples(policy, name)));
      return {
        name: policy,
        cells,
        targets: cells.map((cell, i) => atMost(0, cell, headings[i] ?? '')),
      };
    }),
  };
}

/** The targets are of the first world; the others get half as many runs. */
function runsOf(kind: Kind, runs: number): number {
  return kind === 'AR(1)' ? runs : Math.ceil(runs / 2);
}

/** One run of a policy, the truth being told. */
export async function playPolicy(
  noise: Noise,
  effectsAt: (i: number) => readonly number[],
  policy: string,
  seed: string,
): Promise<Figures> {
  const contestant = POLICIES[policy]?.({ slowMs: slowMsOf(noise), seed });
  if (contestant === undefined) throw new Error(`there is no policy ${policy}`);
  const { halves, ...figures } = await runPolicy({ noise, effectsAt }, contestant.create);
  return { ...figures, first: halves[0], second: halves[1], ...contestant.figures() };
}

/** What the rules of an orchestrator with such noise find slow. */
export function slowMsOf(noise: Noise): number {
  return SLOW * median(Array.from({ length: USUAL_TASKS }, (_, i) => noise.at(i).latencyMs));
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
