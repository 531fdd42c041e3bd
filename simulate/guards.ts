import { atLeast, atMost, type Row, type Table, type Target } from '../scripts/report/table.ts';
import { type Change, NO_CHANGE, performUnder, successBy, TASKS_BEFORE } from './change.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { figuresOf, share } from './figures.ts';
import { createNoise } from './noise.ts';
import { type CreateTuner, POLICY_TASKS, runPolicy } from './orchestrator.ts';
import { ENGINE_MODES, engineContestant, PARAMETERS, parseRules, ruleText } from './policies.ts';
import { RivalTuner } from './rival-tuner.ts';
import { shippedTrial } from './rivals.ts';
import { playShipped } from './shipped-method.ts';
import { playTrial, wasInForce } from './trial-run.ts';

const MOMENTS = [3000, 8000] as const;

/** Share of changes worse than the margin that may stay in force. */
const MAX_KEPT = 0.05;
const MIN_CONFIRMED = 0.85;

const CASES = [0.95, 0.8].flatMap((rate) =>
  [0, -5, -10, -20].map((points) => ({
    name: points === 0 ? `${rate}` : `${rate}, ${points} points`,
    rate,
    points,
    change: {
      logLatency: Math.log(0.7),
      ...(points === 0 ? {} : successBy(points / 100, rate)),
    } satisfies Change,
  })),
);

type Case = (typeof CASES)[number];

/** Changes that make tasks faster and let some of them fail. */
export const GUARDS: Section = {
  experiments: ({ seed, trials, runs }) =>
    CASES.flatMap((one): Experiment[] => [
      {
        name: `${one.name}/trial`,
        runs: Math.ceil(trials / 5),
        play: (run) => playSingle(one, `${seed}/guards/${one.name}/${run}`),
      },
      {
        name: `${one.name}/engine`,
        runs,
        play: (run) => playAgain(one, `${seed}/guards/${one.name}/${run}`),
      },
    ]),
  tables: ({ trials, runs }, samplesOf): Table[] => [
    {
      title: 'Faster by x0.7, less success: one trial',
      note: `${Math.ceil(trials / 5)} trials each, AR(1), 8 in flight, of success .95 and .8 before. 5 points are the margin itself: what is confirmed there is to say "not proven", and from .8 nothing tells them within 8000 tasks. Proven: confirmed with all margins.`,
      headings: [
        'provis. %',
        'confirmed %',
        'proven %',
        ...MOMENTS.map((at) => `in force at ${at} %`),
        'shipped HELPED %',
      ],
      rows: CASES.map((one) => singleRow(one, samplesOf(`${one.name}/trial`))),
    },
    {
      title: 'Faster by x0.7, less success: the rule fires again and again',
      note: `${runs} runs each of ${POLICY_TASKS} tasks, AR(1), by the engine; in force at the end: confirmed, or on probation still. Shipped: its trials, one after the other.`,
      headings: ['in force %', 'confirmed %', 'trials', 'shipped in force %'],
      rows: CASES.map((one) => againRow(one, samplesOf(`${one.name}/engine`))),
    },
  ],
};

function singleRow({ name, points }: Case, samples: Samples): Row {
  const figures = [
    'promoted',
    'confirmed',
    'proven',
    ...MOMENTS.map((at) => `at${at}`),
    'shippedHelped',
  ];
  const cells = figures.map((figure) => share(samples, figure));
  const kept = `at${MOMENTS[1]}`;
  const targets: Target[] =
    points === 0
      ? [atLeast(MIN_CONFIRMED, share(samples, 'confirmed'), 'confirmed %')]
      : [
          atMost(MAX_KEPT, share(samples, kept), `in force at ${MOMENTS[1]} %`),
          atMost(MAX_KEPT, share(samples, 'proven'), 'proven %'),
        ];
  return { name, cells, targets };
}

function againRow({ name, points }: Case, samples: Samples): Row {
  const figures = ['inForce', 'confirmed', 'trials', 'shipped'];
  const inForce = share(samples, 'inForce');
  return {
    name,
    cells: figures.map((figure) => share(samples, figure)),
    targets: points === 0 ? [] : [atMost(MAX_KEPT, inForce, 'in force %')],
  };
}

function playSingle({ rate, change }: Case, seed: string): Figures {
  const perform = performUnder(createNoise('AR(1)', rate, seed), change);
  const setup = { assignment: 'task', seed, perform, from: TASKS_BEFORE } as const;
  const run = playTrial(setup);
  const inForce = MOMENTS.map((at) => [`at${at}`, wasInForce(run, at) ? 1 : 0] as const);
  const shippedHelped = playShipped(setup).trial.verdict === 'helped' ? 1 : 0;
  return { ...figuresOf(run), shippedHelped, ...Object.fromEntries(inForce) };
}

async function playAgain({ rate, change }: Case, seed: string): Promise<Figures> {
  const rules = [ruleText('rule', PARAMETERS[0] ?? '', '1.0', 0)];
  const engine = engineContestant(parseRules(rules, ENGINE_MODES.ours, seed));
  const play = (create: CreateTuner) =>
    runPolicy(
      {
        noise: createNoise('AR(1)', rate, seed),
        changesAt: () => [change, NO_CHANGE, NO_CHANGE],
      },
      create,
    );
  const ours = await play(engine.create);
  const confirmed = engine.ledger?.state.trials.some(({ stage }) => stage === 'holdback');
  const shipped = await play(
    (clock) => new RivalTuner(clock, 1, { slowMs: 0, seed }, shippedTrial),
  );
  return {
    inForce: ours.inForce[0] === true ? 1 : 0,
    confirmed: confirmed === true ? 1 : 0,
    trials: engine.figures(false).trials ?? 0,
    shipped: shipped.inForce[0] === true ? 1 : 0,
  };
}
