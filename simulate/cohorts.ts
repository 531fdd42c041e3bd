import { atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { createRandom } from '../src/rehearse/random.ts';
import { decideCohorts } from '../src/trial/cohorts.ts';
import { SUFFICIENT } from '../src/trial/evidence/bets.ts';
import { mean } from '../src/trial/evidence/distributions.ts';
import { combinedHarm, eHelp } from '../src/trial/evidence/evidence.ts';
import { decidedFor } from '../src/trial/verdict.ts';
import { changed, NO_CHANGE, TASKS_BEFORE } from './change.ts';
import type { Experiment, Figures, Section } from './experiment.ts';
import type { Perform } from './flow.ts';
import { createNoise, type Kind, type Noise } from './noise.ts';
import { playTrial, type TrialRun } from './trial-run.ts';

const LABEL = 'kind';
const WORLDS: readonly Kind[] = ['AR(1)', 'heavy tails', 'mini-agi, no failures'];

/** The effect of the new value on log latency, by kind of tasks. */
const EFFECTS = {
  'two, opposite': [-0.35, 0.35],
  'two, alike': [-0.35, -0.35],
  'five, alike': [-0.35, -0.35, -0.35, -0.35, -0.35],
  'five, one harmed': [-0.35, -0.35, -0.35, -0.35, 0.7],
  'five, nothing': [0, 0, 0, 0, 0],
} as const;
type Case = keyof typeof EFFECTS;

const WAYS = ['together', 'by cohorts'] as const;

const CASES = (Object.keys(EFFECTS) as Case[]).flatMap((name) =>
  WORLDS.map((world) => ({ name, world })),
);

const MAX_LEFT = 0.02;
const MAX_FALSE = 0.05;

/** Tasks of several kinds, in random order. */
function performOf(noise: Noise, effects: readonly number[], name: string): Perform {
  const random = createRandom(`kinds/${name}`);
  const kinds: number[] = [];
  return (i, arm) => {
    while (kinds.length <= i) kinds.push(Math.floor(random.uniform() * effects.length));
    const kind = kinds[i] ?? 0;
    const change = arm === 'new' ? { logLatency: effects[kind] ?? 0 } : NO_CHANGE;
    const draw = changed(noise.at(i), change);
    return { ...draw, labels: { ...draw.labels, [LABEL]: `k${kind}` } };
  };
}

/** Log latency that is left to be gained, on average over the kinds, by what the trial has put in force. */
function leftBy({ finding, trial }: TrialRun, effects: readonly number[]): number {
  const { helped } = finding?.verdict === 'helped' ? { helped: undefined } : decidedFor(trial);
  return mean(
    effects.map((effect, kind) => {
      const isOn = helped === undefined || helped.includes(`k${kind}`);
      return (isOn ? effect : 0) - Math.min(effect, 0);
    }),
  );
}

function figuresOf(run: TrialRun, effects: readonly number[], isApart: boolean): Figures {
  const { trial } = run;
  const evidence = Object.values(trial.byCohort ?? {});
  const isPlain = evidence.some(
    (one) =>
      combinedHarm(one) >= SUFFICIENT || (one[0] !== undefined && eHelp(one[0]) >= SUFFICIENT),
  );
  const { helped, harmed } = decideCohorts(trial);
  const left = leftBy(run, effects);
  if (!isApart) return { left };
  return { left, plain: Number(isPlain), eBh: Number(helped.length + harmed.length > 0) };
}

/** A change that helps some kinds of tasks and harms others, in trials of all and with `trial.cohorts`. */
export const COHORTS: Section = {
  experiments: ({ seed, trials }) =>
    CASES.flatMap(({ name, world }) =>
      WAYS.map((way): Experiment => {
        const effects = EFFECTS[name];
        return {
          name: `${name}/${world}/${way}`,
          runs: Math.ceil(trials / (name === 'five, nothing' ? 2 : 10)),
          play(run) {
            const from = `${seed}/cohorts/${world}/${run}`;
            const perform = performOf(createNoise(world, 1, from), effects, from);
            const values = effects.map((_, kind) => `k${kind}`);
            const isApart = way === 'by cohorts';
            const plan = isApart ? { cohorts: { label: LABEL, values } } : {};
            const setup = { assignment: 'task', seed: from, perform, from: TASKS_BEFORE } as const;
            const played = playTrial({ ...setup, plan, untilPromoted: true });
            return figuresOf(played, effects, isApart);
          },
        };
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] => [
    {
      title: 'Cohorts',
      note: `One trial of at most 200 tasks, ${Math.ceil(trials / 10)} times each, ${Math.ceil(trials / 2)} times where nothing has an effect (log latency -.35: x0.7). Left: log latency that could still be gained, mean over the kinds. Any cohort: decided on either side when the trial ended, each at 20 to 1 by itself, and by e-BH.`,
      headings: ['left together', 'left by cohorts', 'any cohort, plain %', 'any cohort, e-BH %'],
      rows: CASES.map(({ name, world }): Row => {
        const together = samplesOf(`${name}/${world}/together`);
        const apart = samplesOf(`${name}/${world}/by cohorts`);
        const cells = [
          mean(together.left ?? []),
          mean(apart.left ?? []),
          mean(apart.plain ?? []),
          mean(apart.eBh ?? []),
        ];
        return { name: `${name}, ${world}`, cells, targets: targetsOf(name, world, cells) };
      }),
    },
  ],
};

/** Strong noise takes more than one trial of 200 tasks, whichever way. */
function targetsOf(name: Case, world: Kind, [, left = 0, , eBh = 0]: readonly number[]): Target[] {
  if (name === 'five, nothing') return [atMost(MAX_FALSE, eBh, 'any cohort, e-BH %')];
  const isTold = world === 'AR(1)' && name !== 'five, one harmed';
  return isTold ? [atMost(MAX_LEFT, left, 'left by cohorts')] : [];
}
