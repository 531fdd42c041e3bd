import { type Arm, otherArm, tossCoin } from '../src/trial/arm.ts';
import { mean } from '../src/trial/distributions.ts';
import { performUnder, timeoutOf, WINDOW_TASKS } from './change.ts';
import type { Experiment, Figures, Section } from './experiment.ts';
import { Glr } from './glr.ts';
import { createNoise, LATENCIES, TRACES, WORLDS } from './noise.ts';
import type { Table } from './table.ts';
import { type Perform, playTrial, type TrialRun } from './trial-run.ts';
import { compareMeans } from './welch.ts';

/** Tasks in all, and those of the first trial. */
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
  'Effects found in made-up worlds': WORLDS,
  'Effects found in real traces, failures as recorded': TRACES,
  'Effects found in real traces, no failures': LATENCIES,
} as const;

/** In the made-up worlds. */
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

/** What is found of an effect on latency, beside the GLR rule and before/after. */
export const POWER: Section = {
  experiments: ({ seed, trials }) =>
    CASES.map(
      ({ name, kind, logLatency }): Experiment => ({
        name,
        runs: Math.ceil(trials / 4),
        play(run) {
          const noise = createNoise(kind, SUCCESS_RATE, `${seed}/${run}`);
          const perform = performUnder(noise, { logLatency });
          return compare(perform, timeoutOf(noise), `${seed}/${name}/${run}`);
        },
      }),
    ),
  tables: ({ trials }, samplesOf): Table[] =>
    Object.keys(GROUPS).map((group) => ({
      title: group,
      note: `Share of ${Math.ceil(trials / 4)} trials each that found the effect, in its own direction; of no effect, in any. Ours in one trial of ${FIRST_TASKS} tasks, and gone on with up to ${MAX_TASKS} tasks counted; GLR in ${MAX_TASKS} tasks with the same arms. Before/after: ${WINDOW_TASKS} tasks against ${WINDOW_TASKS}.`,
      headings: [
        `ours in ${FIRST_TASKS} %`,
        `ours in ${MAX_TASKS} %`,
        `GLR in ${MAX_TASKS} %`,
        'before/after %',
      ],
      rows: CASES.filter((one) => one.group === group).map(({ name, logLatency }) => {
        const samples = samplesOf(name);
        const cells = ['first', 'all', 'glr', 'naive'].map((rule) =>
          mean((samples[rule] ?? []).map((sign) => found(sign, logLatency))),
        );
        return { name, cells, targets: [] };
      }),
    })),
};

function found(sign: number, logLatency: number): number {
  return sign !== 0 && (logLatency === 0 || sign === Math.sign(logLatency)) ? 1 : 0;
}

/** What each rule found: 1 worse, -1 better, 0 nothing. */
function compare(perform: Perform, timeoutMs: number, name: string): Figures {
  let carried: TrialRun | undefined;
  let used = 0;
  let from = WINDOW_TASKS;
  let first = 0;
  let all = 0;
  for (let number = 1; all === 0 && used < MAX_TASKS; number += 1) {
    const seed = `${name}/${number}`;
    const maxUsed = MAX_TASKS - used;
    const setup = { assignment: 'task', seed, timeoutMs, perform, from, maxUsed } as const;
    carried = playTrial(
      carried === undefined ? setup : { ...setup, carried: carried.trial.evidence },
    );
    used += carried.trial.tasksUsed;
    from += carried.begun;
    all = signOf(carried);
    if (number === 1) first = all;
    if (carried.finding === undefined || carried.finding.verdict === 'invalid') break;
  }
  return { first, all, glr: glrOf(perform, timeoutMs, name), naive: naiveOf(perform) };
}

function signOf({ finding }: TrialRun): number {
  if (finding?.verdict === 'harmed') return 1;
  return finding?.verdict === 'helped' ? -1 : 0;
}

/** The same tasks with the same arms, as long as no outage comes between. */
function glrOf(perform: Perform, timeoutMs: number, name: string): number {
  const glr = new Glr();
  for (let i = 0; i < MAX_TASKS; i += 1) {
    const arm = armOf(i, name);
    const { latencyMs, status } = perform(WINDOW_TASKS + i, arm);
    const counted = status === 'success' ? latencyMs : Math.max(latencyMs, timeoutMs);
    const better = glr.add(arm, Math.log(Math.max(counted, 1)));
    if (better !== undefined) return better === 'new' ? -1 : 1;
  }
  return 0;
}

function naiveOf(perform: Perform): number {
  const logs = (from: number, arm: Arm) =>
    Array.from({ length: WINDOW_TASKS }, (_, i) =>
      Math.log(Math.max(perform(from + i, arm).latencyMs, 1)),
    );
  const found = compareMeans(logs(0, 'old'), logs(WINDOW_TASKS, 'new'));
  if (found === undefined) return 0;
  return found === 'lower' ? -1 : 1;
}

function armOf(i: number, name: string): Arm {
  const number = i < FIRST_TASKS ? 1 : 2;
  const place = i < FIRST_TASKS ? i : i - FIRST_TASKS;
  const first = tossCoin(`${name}/${number}`, Math.floor(place / 2) + 1);
  return place % 2 === 0 ? first : otherArm(first);
}
