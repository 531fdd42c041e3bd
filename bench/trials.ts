import { compare, type Life, noise, type Row, ratioAtMost, takeTurns } from './lives.ts';
import type { Scale } from './scale.ts';
import { startEmptyServer, startSidecar, withServers } from './servers.ts';
import {
  type Figures,
  flagOnTrial,
  IN_FLIGHT,
  nothingOn,
  nothingOnFlag,
  type Stage,
  TrialSide,
  trialConfig,
  withHoldbacks,
  withProbation,
  withTrial,
} from './trial-side.ts';

/** With fewer, V8's compiler threads still work while a server is measured, and count. */
const WARM_UP_TURNS = 8;

interface NamedStage {
  readonly name: string;
  readonly stage: Stage;
}

/** Those that have targets, measured in more lives. */
const MAIN: readonly NamedStage[] = [
  { name: 'without a trial', stage: nothingOn },
  { name: 'with a trial', stage: withTrial },
];

const OTHERS: readonly NamedStage[] = [
  { name: 'with a probation', stage: withProbation },
  { name: 'with 1 holdback', stage: withHoldbacks(1) },
  { name: 'with 10 holdbacks', stage: withHoldbacks(10) },
];

/** One evaluation of OpenFeature's, over gRPC. */
const FLAGS: readonly NamedStage[] = [
  { name: 'without a trial', stage: nothingOnFlag },
  { name: 'with a trial', stage: flagOnTrial },
];

/** What an evaluation costs, against a handler of the same method that answers at once. */
export async function measureFlags(scale: Scale): Promise<Row[]> {
  const lives = await measureStages(FLAGS, scale, scale.lives.trials, nothingOnFlag);
  const { of } = FIGURES.ResolveParameters;
  const limits = [1.3, 2];
  return FLAGS.map(({ name }, side) =>
    compare(lives, {
      section: `OpenFeature, ${IN_FLIGHT} in flight`,
      measure: `ResolveInt ${name}: server CPU`,
      unit: 'µs/call',
      ...{ side, baselines: emptySides(FLAGS), figureOf: of },
      targetOf: ratioAtMost(limits[side] ?? 1),
    }),
  );
}

/**
 * What trials cost: ResolveParameters hands out durable arms, RecordTask judges the evidence. Each
 * stage has a sidecar of its own; all take turns with two empty handlers.
 */
export async function measureTrials(scale: Scale): Promise<Row[]> {
  const main = await measureStages(MAIN, scale, scale.lives.trials);
  const others = await measureStages(OTHERS, scale, scale.lives.otherStages);
  const bySide = [...rowsOf(MAIN, main), ...rowsOf(OTHERS, others)];
  const against = compare(main, {
    ...named('RecordTask with a trial, against without', 'µs/call'),
    ...{ side: 1, baselines: [0], figureOf: FIGURES.RecordTask.of, targetOf: ratioAtMost(1.1) },
  });
  const quiet = noise(main, {
    ...named('RecordTask', 'µs/call'),
    ...{ baselines: emptySides(MAIN), figureOf: FIGURES.RecordTask.of },
  });
  const rows = [...bySide, against, quiet];
  const order = Object.keys(FIGURES);
  const kindOf = ({ measure }: Row) => order.findIndex((kind) => measure.startsWith(kind));
  return rows.sort((a, b) => kindOf(a) - kindOf(b));
}

const FIGURES = {
  ResolveParameters: { unit: 'µs/call', of: ({ resolveMicros }: Figures) => resolveMicros },
  RecordTask: { unit: 'µs/call', of: ({ recordMicros }: Figures) => recordMicros },
  'both calls': { unit: 'µs/task', of: ({ taskMicros }: Figures) => taskMicros },
} as const;

async function measureStages(
  stages: readonly NamedStage[],
  scale: Scale,
  lives: number,
  empty = nothingOn,
): Promise<Life<Figures>[]> {
  const results: Life<Figures>[] = [];
  for (let i = 0; i < lives; i += 1) results.push(await measureOneLife(stages, scale, empty));
  return results;
}

/**
 * The sides are the stages, and then two empty servers.
 *
 * @param emptyStage of these
 */
function measureOneLife(
  stages: readonly NamedStage[],
  scale: Scale,
  emptyStage: Stage,
): Promise<Life<Figures>> {
  const starts = stages.map(
    ({ stage }) =>
      () =>
        startSidecar(trialConfig(stage)),
  );
  const empty = () => startEmptyServer();
  return withServers([...starts, empty, empty], async (servers) => {
    const sides: TrialSide[] = [];
    for (const [at, server] of servers.entries()) {
      sides.push(await TrialSide.open(server, stages[at]?.stage ?? emptyStage));
    }
    const turns = sides.map((side) => () => side.turn());
    await takeTurns(WARM_UP_TURNS, turns);
    const life = await takeTurns(scale.turns, turns);
    for (const [at, side] of sides.entries()) {
      side.expectArms(stages[at]?.name ?? 'empty server');
      side.close();
    }
    return life;
  });
}

function rowsOf(stages: readonly NamedStage[], lives: readonly Life<Figures>[]): Row[] {
  const baselines = emptySides(stages);
  return stages.flatMap(({ name, stage }, side) =>
    Object.entries(FIGURES).flatMap(([kind, { unit, of }]) => {
      // The figures of single calls are missing there.
      if (stage.isFlowOnly === true && kind !== 'both calls') return [];
      const measure = `${kind} ${name}`;
      const limit = LIMITS[measure];
      return compare(lives, {
        ...named(measure, unit),
        ...{ side, baselines, figureOf: of },
        ...(limit !== undefined && { targetOf: ratioAtMost(limit) }),
      });
    }),
  );
}

/** Of the ratio to the empty handler. */
const LIMITS: Readonly<Record<string, number>> = {
  'ResolveParameters without a trial': 1.5,
  'ResolveParameters with a trial': 2,
};

function emptySides({ length }: readonly NamedStage[]): readonly number[] {
  return [length, length + 1];
}

function named(measure: string, unit: string) {
  return { section: `Trials, ${IN_FLIGHT} in flight`, measure: `${measure}: server CPU`, unit };
}
