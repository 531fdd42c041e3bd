import type { Table } from '../scripts/report/table.ts';
import { type Arm, otherArm, tossCoin } from '../src/trial/arm.ts';
import { quantileOf } from '../src/trial/evidence/distributions.ts';
import { logLatency as logOf } from '../src/trial/evidence/outcome.ts';
import { playChain } from './chain.ts';
import { performUnder, TASKS_BEFORE, WINDOW_TASKS } from './change.ts';
import type { Experiment, Figures, Samples, Section } from './experiment.ts';
import { share } from './figures.ts';
import type { Perform } from './flow.ts';
import { Glr } from './glr.ts';
import { createNoise, LATENCIES, TRACES, WORLDS } from './noise.ts';
import { playShipped } from './shipped-method.ts';
import { compareMeans } from './welch.ts';

/** Tasks of a chain of trials, and of its first trial. */
const MAX_TASKS = 300;
const FIRST_TASKS = 200;

const EFFECTS = {
  'x1.42': 0.35,
  x2: Math.log(2),
  'x1/1.42': -0.35,
  'x1/2': -Math.log(2),
  none: 0,
} as const;

const GROUPS = {
  'Effects found in synthetic worlds': WORLDS,
  'Effects found in real traces, failures as recorded': TRACES,
  'Effects found in real traces, no failures': LATENCIES,
} as const;

/** In the synthetic worlds. */
const SUCCESS_RATE = 0.95;

const CASES = Object.entries(GROUPS).flatMap(([group, kinds]) =>
  kinds.flatMap((kind) =>
    Object.entries(EFFECTS).map(([effect, logLatency]) => ({
      name: `${kind}: ${effect}`,
      group,
      kind,
      logLatency,
    })),
  ),
);

/** Power for effects on latency: ours, the shipped method, the GLR rule and before/after. */
export const POWER: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(
      ({ name, kind, logLatency }): Experiment => ({
        name,
        runs: Math.ceil(trials / 20),
        play(run) {
          const noise = createNoise(kind, SUCCESS_RATE, `${seed}/${run}`);
          return compare(performUnder(noise, { logLatency }), `${seed}/${name}/${run}`);
        },
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] =>
    Object.keys(GROUPS).map((group) => ({
      title: group,
      note: `Share of ${Math.ceil(trials / 20)} trials each that found the effect, in its own direction; of no effect, in any. Ours and the shipped method in one trial of ${FIRST_TASKS} tasks, ours gone on with up to ${MAX_TASKS} tasks counted; GLR in ${MAX_TASKS} tasks with the same coins. Before/after: ${WINDOW_TASKS} tasks against ${WINDOW_TASKS}.`,
      headings: [
        `ours in ${FIRST_TASKS} %`,
        `ours in ${MAX_TASKS} %`,
        `shipped in ${FIRST_TASKS} %`,
        `GLR in ${MAX_TASKS} %`,
        'before/after %',
      ],
      rows: CASES.filter((one) => one.group === group).map(({ name, logLatency }) => {
        const samples = samplesOf(name);
        const cells = ['first', 'all', 'shipped', 'glr', 'naive'].map((rule) =>
          foundShare(samples, rule, logLatency),
        );
        return { name, cells, targets: [] };
      }),
    })),
};

function foundShare(samples: Samples, rule: string, logLatency: number): number {
  const found = (samples[rule] ?? []).map((sign) =>
    sign !== 0 && (logLatency === 0 || sign === Math.sign(logLatency)) ? 1 : 0,
  );
  return share({ found }, 'found');
}

/** The finding of each method: 1 worse, -1 better, 0 nothing. */
function compare(perform: Perform, seed: string): Figures {
  const setup = { assignment: 'task', seed, perform, from: TASKS_BEFORE } as const;
  const { first, all } = playChain(setup, MAX_TASKS);
  return {
    first,
    all,
    shipped: shippedOf(setup),
    glr: glrOf(perform, seed),
    naive: naiveOf(perform),
  };
}

function shippedOf(setup: Parameters<typeof playShipped>[0]): number {
  const { verdict } = playShipped(setup).trial;
  if (verdict === 'harmed') return 1;
  return verdict === 'helped' ? -1 : 0;
}

/** The GLR rule with the same tasks and coins, unless an outage pauses the trial. */
function glrOf(perform: Perform, name: string): number {
  const before = Array.from({ length: TASKS_BEFORE }, (_, i) => perform(i, 'old').latencyMs);
  const timeoutMs = quantileOf(before.slice(-WINDOW_TASKS), 0.99);
  const glr = new Glr();
  for (let i = 0; i < MAX_TASKS; i += 1) {
    const arm = armOf(i, name);
    const { latencyMs, status } = perform(TASKS_BEFORE + i, arm);
    const counted = status === 'success' ? latencyMs : Math.max(latencyMs, timeoutMs);
    const better = glr.add(arm, logOf(counted));
    if (better !== undefined) return better === 'new' ? -1 : 1;
  }
  return 0;
}

function naiveOf(perform: Perform): number {
  const from = TASKS_BEFORE - WINDOW_TASKS;
  const logs = (first: number, arm: Arm) =>
    Array.from({ length: WINDOW_TASKS }, (_, i) => logOf(perform(first + i, arm).latencyMs));
  const found = compareMeans(logs(from, 'old'), logs(TASKS_BEFORE, 'new'));
  if (found === undefined) return 0;
  return found === 'lower' ? -1 : 1;
}

function armOf(i: number, name: string): Arm {
  const first = tossCoin(`${name}/1/1`, Math.floor(i / 2) + 1);
  return i % 2 === 0 ? first : otherArm(first);
}
