import type { Parameters, Value } from '../../src/domain/value.ts';
import type { Change } from '../change.ts';
import type { Knob, SearchWorld } from './world.ts';

/** Log latency per squared doubling away from the best value. */
const CURVATURE = 0.12;

/** Beyond a cliff: log latency, and the share of tasks that fail. */
const CLIFF: Required<Pick<Change, 'logLatency' | 'breaks'>> = {
  logLatency: Math.log(4),
  breaks: 0.3,
};

/** Of the worlds whose best values do not move, and of the one where they do. */
const TASKS = 3000;
const TASKS_MOVED = 10_000;
const MOVED_AT = TASKS_MOVED / 2;

const range = (name: string, initial: number): Knob => ({
  name,
  initial,
  space: { min: 1, max: 64, scale: 'log' },
});

/** Log latency of the models of the categorical world above the best. */
const MODELS: Readonly<Record<string, number>> = {
  alpha: 0.35,
  beta: 0.7,
  gamma: 0.2,
  delta: 0,
  epsilon: 0.5,
  zeta: 1,
};

/** The worlds of the search table. */
export const STATIONARY: readonly SearchWorld[] = [
  numeric('near', [range('n', 8)], ({ n }) => awayFrom(n, 16)),
  numeric('far', [range('n', 4)], ({ n }) => awayFrom(n, 32)),
  numeric('nothing to gain', [range('n', 8)], ({ n }) => awayFrom(n, 8)),
  {
    name: 'cliff',
    tasks: TASKS,
    knobs: [range('n', 4)],
    effectAt(_, values) {
      const n = numberOf(values, 'n');
      const logLatency = awayFrom(Math.min(n, 16), 16);
      return n > 20 ? { ...CLIFF, logLatency: logLatency + CLIFF.logLatency } : { logLatency };
    },
  },
  numeric('two that interact', [range('n', 4), range('batch', 4)], ({ n = 1, batch = 1 }) => {
    // The best product is 256; of equal products, the one of equal factors.
    const product = Math.log2(n * batch) - 8;
    const ratio = Math.log2(n / batch);
    return CURVATURE * (0.5 * product ** 2 + 0.25 * ratio ** 2);
  }),
  {
    name: 'categories',
    tasks: TASKS,
    knobs: [{ name: 'model', initial: 'alpha', space: { values: Object.keys(MODELS) } }],
    effectAt: (_, { model }) => ({ logLatency: MODELS[String(model)] ?? Number.NaN }),
  },
];

/** The best value moves half-way, to where the first one was left. */
export const MOVED: SearchWorld = {
  name: 'moved',
  tasks: TASKS_MOVED,
  knobs: [range('n', 4)],
  effectAt: (i, values) => ({
    logLatency: awayFrom(numberOf(values, 'n'), i < MOVED_AT ? 24 : 3),
  }),
};

function numeric(
  name: string,
  knobs: readonly Knob[],
  lossOf: (values: Readonly<Record<string, number>>) => number,
): SearchWorld {
  return {
    name,
    tasks: TASKS,
    knobs,
    effectAt(_, values) {
      const read = Object.fromEntries(
        knobs.map((knob) => [knob.name, numberOf(values, knob.name)]),
      );
      return { logLatency: lossOf(read) };
    },
  };
}

function awayFrom(value: number | undefined, best: number): number {
  return CURVATURE * Math.log2((value ?? Number.NaN) / best) ** 2;
}

function numberOf(values: Parameters, name: string): number {
  const value: Value | undefined = values[name];
  return typeof value === 'number' ? value : Number.NaN;
}
