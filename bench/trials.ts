import { compare, type Round, type Row, ratioAtMost } from './row.ts';
import type { Scale } from './scale.ts';
import { startEmptyServer, startSidecar } from './servers.ts';
import {
  type Figures,
  IN_FLIGHT,
  nothingOn,
  type Stage,
  TrialSide,
  trialConfig,
  withHoldbacks,
  withProbation,
  withTrial,
} from './trial-side.ts';

/** With fewer, a server is measured while V8 still compiles it: on its own threads, but it counts. */
const WARM_UP_ROUNDS = 6;

/** What is on while a side is measured; the first is the one that others are compared with. */
const STAGES: readonly { readonly name: string; readonly stage: Stage }[] = [
  { name: 'without a trial', stage: nothingOn },
  { name: 'with a trial', stage: withTrial },
  { name: 'with a probation', stage: withProbation },
  { name: 'with 1 holdback', stage: withHoldbacks(1) },
  { name: 'with 10 holdbacks', stage: withHoldbacks(10) },
];

/**
 * What trials cost: ResolveParameters hands out durable arms, RecordTask judges the evidence. Each
 * stage has a sidecar of its own; all take turns with an empty handler.
 */
export async function measureTrials(scale: Scale): Promise<Row[]> {
  const sides: TrialSide[] = [];
  try {
    for (const { stage } of STAGES) {
      const server = await startSidecar(trialConfig(stage));
      sides.push(await TrialSide.open(server, stage));
    }
    sides.push(await TrialSide.open(await startEmptyServer(), nothingOn));
    for (const side of sides) for (let i = 0; i < WARM_UP_ROUNDS; i += 1) await side.round();
    const results: Figures[][] = [];
    for (let i = 0; i < scale.rounds; i += 1) results.push(await takeTurns(sides, i));
    for (const [i, side] of sides.entries()) side.expectArms(STAGES[i]?.name ?? 'empty handler');
    return rowsOf(results);
  } finally {
    for (const side of sides) await side.stop();
  }
}

/** One round of each side, each time begun by another one. */
async function takeTurns(sides: readonly TrialSide[], turn: number): Promise<Figures[]> {
  const figures: Figures[] = [];
  for (let i = 0; i < sides.length; i += 1) {
    const at = (turn + i) % sides.length;
    const side = sides[at];
    if (side !== undefined) figures[at] = await side.round();
  }
  return figures;
}

function rowsOf(results: readonly Figures[][]): Row[] {
  const pair = (own: number, other: number): Round<Figures>[] =>
    results.flatMap((round) => {
      const [sidecar, baseline] = [round[own], round[other]];
      return sidecar && baseline ? [{ sidecar, baseline }] : [];
    });
  const named = (measure: string, unit = 'µs/call') => ({
    section: `Trials, ${IN_FLIGHT} in flight`,
    measure: `${measure}: server CPU`,
    unit,
  });
  const resolve = ({ resolveMicros }: Figures) => resolveMicros;
  const record = ({ recordMicros }: Figures) => recordMicros;
  const both = ({ taskMicros }: Figures) => taskMicros;
  // Those that are measured call by call come first.
  const split = STAGES.filter(({ stage }) => stage.isFlowOnly !== true);
  const empty = STAGES.length;
  const [plain, trial] = [0, 1];
  return [
    ...split.map(({ name }, i) =>
      compare(
        named(`ResolveParameters ${name}`),
        pair(i, empty),
        resolve,
        [ratioAtMost(1.5), ratioAtMost(2)][i],
      ),
    ),
    ...split.map(({ name }, i) => compare(named(`RecordTask ${name}`), pair(i, empty), record)),
    compare(
      named('RecordTask with a trial, against without'),
      pair(trial, plain),
      record,
      ratioAtMost(1.1),
    ),
    ...STAGES.map(({ name }, i) =>
      compare(named(`both calls ${name}`, 'µs/task'), pair(i, empty), both),
    ),
  ];
}
