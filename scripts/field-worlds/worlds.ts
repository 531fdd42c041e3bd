import { TaskStatus } from '../../src/gen/learning/v1/task_pb.ts';
import { type Chance, type Condition, type Run, statusOf, type World } from './world.ts';

/** Seeds in parallel: on two cores, calls then take less time than tasks. */
const LANES = 2;
/** More where most of the time is spent waiting for outcome timeouts, of seconds or of a minute. */
const PATIENT_LANES = 5;
const VERY_PATIENT_LANES = 14;

const SUCCESS = 0.9;
const DEVIATION = 0.4;
const COMMON = 0.9;

/** A wide spread of latency, so that the order of late reports matters. */
const WIDE = { deviation: 1.2, common: 0 };

const NOTHING: readonly Condition[] = ['helped is false', 'harmed is false'];

type Part = Partial<World> & Pick<World, 'name' | 'targets' | 'run'>;

function worldOf(part: Part): World {
  return {
    inFlight: 8,
    deviation: DEVIATION,
    common: COMMON,
    trial: {},
    rule: {},
    lanes: LANES,
    ...part,
  };
}

/** A world with 50 tasks in flight. */
function withFifty(world: World): World {
  return { ...world, name: `${world.name}, K 50`, inFlight: 50 };
}

/** A change without effect, except that `change` alters the result. */
function noEffect(change: (run: Run, chance: Chance, isNew: boolean) => Partial<Run> = () => ({})) {
  return (chance: Chance, isNew: boolean): Run => {
    const run = { latencyMs: chance.latencyMs, status: statusOf(chance, SUCCESS) };
    return { ...run, ...change(run, chance, isNew) };
  };
}

/** Latency times a factor, and success rate plus points. */
function faster(points: number, factor = 0.7, before = 0.95): World['run'] {
  return (chance, isNew) => ({
    latencyMs: chance.latencyMs * (isNew ? factor : 1),
    status: statusOf(chance, isNew ? before + points / 100 : before),
  });
}

/** Reports are late by this many times the latency. */
const LATE = 20;
/** `hardness` of the slowest tenth. */
const SLOWEST = 0.9;
/** Harder tasks take this many times as long. */
const HARD = 0.7;
const HARD_FACTOR = 4;

const nothing = worldOf({ name: 'nothing', targets: NOTHING, run: noEffect() });

const newLate = worldOf({
  name: 'nothing; new late 20 x',
  targets: NOTHING,
  ...WIDE,
  lanes: PATIENT_LANES,
  run: noEffect(({ latencyMs }, _, isNew) => ({ delayMs: isNew ? LATE * latencyMs : 0 })),
});

const oldLate = worldOf({
  ...newLate,
  name: 'nothing; old late 20 x',
  run: noEffect(({ latencyMs }, _, isNew) => ({ delayMs: isNew ? 0 : LATE * latencyMs })),
});

/** In real seconds: reports of the world that are `TOO_LATE_MS` late come after it. */
const TOO_SHORT = { outcome_timeout_seconds: 2 };
const TOO_LATE_MS = 300_000;

const beyondTimeout = worldOf({
  name: 'nothing; new later than the timeout',
  targets: NOTHING,
  trial: TOO_SHORT,
  lanes: PATIENT_LANES,
  run: noEffect((_, __, isNew) => ({ delayMs: isNew ? TOO_LATE_MS : 0 })),
});

const failuresLost = worldOf({
  name: 'nothing; failures of new lost',
  targets: ['helped is false'],
  trial: { outcome_timeout_seconds: 3 },
  lanes: PATIENT_LANES,
  run: (chance, isNew) => {
    const status = statusOf(chance, 0.8);
    return {
      latencyMs: chance.latencyMs,
      status,
      isLost: isNew && status === TaskStatus.FAILURE,
    };
  },
});

/** Hard tasks take longer, and are cancelled in some arms. */
function cancelling(isCancelled: (isNew: boolean) => boolean): World['run'] {
  return (chance, isNew) => {
    const isHard = chance.hardness >= HARD;
    const latencyMs = chance.latencyMs * (isHard ? HARD_FACTOR : 1);
    const status = statusOf(chance, SUCCESS);
    return { latencyMs, status: isHard && isCancelled(isNew) ? TaskStatus.CANCELLED : status };
  };
}

const AGAINST_COST = { primary: { measurement: 'cost', better: 'lower' } };

const worsening = (name: string, points: number, targets: readonly Condition[]) =>
  worldOf({ name, targets, run: faster(points) });

export const WORLDS: readonly World[] = [
  nothing,
  withFifty(nothing),
  newLate,
  withFifty(newLate),
  oldLate,
  withFifty(oldLate),
  beyondTimeout,
  {
    ...beyondTimeout,
    name: 'nothing; old later than the timeout',
    // The tasks before show that the configured timeout is too short.
    targets: ['not begun'],
    run: noEffect((_, __, isNew) => ({ delayMs: isNew ? 0 : TOO_LATE_MS })),
  },
  failuresLost,
  {
    ...failuresLost,
    name: 'nothing; failures of new lost, timeout measured',
    trial: {},
    lanes: VERY_PATIENT_LANES,
  },
  worldOf({
    ...failuresLost,
    name: 'nothing; slowest of new lost',
    run: noEffect((_, { hardness }, isNew) => {
      const latencyMs = 400 / (1.02 - hardness);
      return { latencyMs, isLost: isNew && hardness >= SLOWEST };
    }),
  }),
  worldOf({
    name: 'nothing; hard of new cancelled',
    targets: ['helped is false'],
    run: cancelling((isNew) => isNew),
  }),
  worldOf({
    name: 'nothing; hard cancelled in both',
    targets: NOTHING,
    run: cancelling(() => true),
  }),
  worsening('x0.7, success .95', 0, ['found']),
  worsening('x0.7, success -5', -5, []),
  worsening('x0.7, success -10', -10, ['not kept']),
  worsening('x0.7, success -20', -20, ['not kept']),
  worldOf({
    name: 'cost x0.1, success -10; guard success',
    targets: ['not kept'],
    rule: { ...AGAINST_COST, guards: ['success'] },
    run: (chance, isNew) => ({
      ...faster(-10, 1)(chance, isNew),
      measurements: { cost: Math.exp(0.5 * chance.spread) * (isNew ? 0.1 : 1) },
    }),
  }),
  worldOf({
    name: 'cost: median -20 %, total +26 %',
    targets: ['not kept'],
    rule: AGAINST_COST,
    run: (chance, isNew) => ({
      ...faster(0, 1)(chance, isNew),
      measurements: {
        cost: isNew ? 0.8 * Math.exp(1.076 * chance.spread) : Math.exp(0.5 * chance.spread),
      },
    }),
  }),
  worldOf({ name: 'x0.7, no failures', targets: ['found'], run: faster(0, 0.7, 1) }),
  withFifty(worldOf({ name: 'x0.7, no failures', targets: ['found'], run: faster(0, 0.7, 1) })),
  worldOf({ name: 'x1.42', targets: ['harmed'], run: faster(0, 1.42, 1) }),
  withFifty(worldOf({ name: 'x1.42', targets: ['harmed'], run: faster(0, 1.42, 1) })),
];
