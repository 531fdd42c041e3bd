import { DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { upperTail } from '../../src/trial/evidence/distributions.ts';
import type { Row, Table } from '../report/table.ts';
import type { Ending } from './course.ts';
import type { Condition, World } from './world.ts';

/** The results of a world's seeds. */
export interface WorldResult {
  readonly world: World;
  readonly endings: readonly Ending[];
}

/** Error rate at most, and the significance level at which a count exceeds it. */
const MAX_RATE = 0.05;
const UNLIKELY = 0.02;

/** Share of seeds in which an effect must be found. */
const LEAST_FOUND = 0.8;

const HEADINGS = [
  'seeds',
  'HELPED ever %',
  'CONFIRMED %',
  'HARMED %',
  'INVALID %',
  'INCONCLUSIVE %',
  'open %',
  'in force %',
  'until provisional · confirmed · over',
];

/** A line for each world. */
export function tableOf(results: readonly WorldResult[]): Table {
  return { title: 'Worlds over the wire', headings: HEADINGS, rows: results.map(rowOf) };
}

function rowOf({ world: { name, targets }, endings }: WorldResult): Row {
  const share = (isMeant: (one: Ending) => boolean) =>
    endings.filter(isMeant).length / Math.max(endings.length, 1);
  const verdict = (wanted: Verdict) => share((one) => one.verdict === wanted);
  return {
    name,
    cells: [
      endings.length,
      share((one) => one.wasInForce),
      share(({ state }) => state === DeltaState.CONFIRMED),
      verdict(Verdict.HARMED),
      verdict(Verdict.INVALID),
      verdict(Verdict.INCONCLUSIVE),
      share(({ endedAt }) => endedAt === undefined),
      share(({ isInForce }) => isInForce),
      [
        median(endings.map(({ provisionalAt }) => provisionalAt)),
        median(endings.map(({ confirmedAt }) => confirmedAt)),
        median(endings.map(({ endedAt }) => endedAt)),
      ].join(' · '),
    ],
    targets: targets.map((target) => ({
      text: textOf(target, endings.length),
      met: isMet(target, endings),
    })),
  };
}

function isMet(target: Condition, endings: readonly Ending[]): boolean {
  const count = (isMeant: (one: Ending) => boolean) => endings.filter(isMeant).length;
  const seeds = endings.length;
  switch (target) {
    case 'helped is false':
      return count((one) => one.wasInForce) <= mostByChance(seeds);
    case 'harmed is false':
      return count(({ verdict }) => verdict === Verdict.HARMED) <= mostByChance(seeds);
    case 'found':
      return count(({ state }) => state === DeltaState.CONFIRMED) >= LEAST_FOUND * seeds;
    case 'harmed':
      return count(({ verdict }) => verdict === Verdict.HARMED) >= LEAST_FOUND * seeds;
    case 'not begun':
      return endings.every(({ state }) => state === DeltaState.PROPOSED);
    case 'not kept':
      return count(({ isInForce }) => isInForce) <= MAX_RATE * seeds;
  }
}

function textOf(target: Condition, seeds: number): string {
  return {
    'helped is false': `HELPED <= ${mostByChance(seeds)}`,
    'harmed is false': `HARMED <= ${mostByChance(seeds)}`,
    found: `CONFIRMED >= ${LEAST_FOUND * 100} %`,
    harmed: `HARMED >= ${LEAST_FOUND * 100} %`,
    'not begun': 'no trial begins',
    'not kept': `in force <= ${MAX_RATE * 100} %`,
  }[target];
}

/** The largest count that does not significantly exceed a rate of `MAX_RATE`: 5 of 40. */
function mostByChance(seeds: number): number {
  let count = 0;
  while (upperTail(count + 1, seeds, MAX_RATE) > UNLIKELY) count += 1;
  return count;
}

/** Median of those that are known; - if fewer than half are. */
function median(counts: readonly (number | undefined)[]): string {
  const known = counts.flatMap((count) => count ?? []).sort((a, b) => a - b);
  const middle = known[known.length >> 1];
  return middle === undefined || 2 * known.length < counts.length ? '-' : `${middle}`;
}
