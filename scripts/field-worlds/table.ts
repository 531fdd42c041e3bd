import { DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import { upperTail } from '../../src/trial/evidence/distributions.ts';
import type { Ending } from './course.ts';
import type { Target, World } from './world.ts';

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

const COLUMNS = [
  'world',
  'seeds',
  'HELPED ever %',
  'CONFIRMED %',
  'HARMED %',
  'INVALID %',
  'INCONCLUSIVE %',
  'open %',
  'in force %',
  'until provisional · confirmed · over',
  'target',
  '',
];

/** The table, a line per world, and the targets missed. */
export function formatResults(results: readonly WorldResult[]): {
  readonly text: string;
  readonly missed: readonly string[];
} {
  const missed = results.flatMap(({ world, endings }) =>
    world.targets
      .filter((target) => !isMet(target, endings))
      .map((target) => `${world.name}: ${textOf(target, endings.length)}`),
  );
  return { text: layOut([COLUMNS, ...results.map(rowOf)]), missed };
}

function rowOf({ world: { name, targets }, endings }: WorldResult): readonly string[] {
  const verdict = (wanted: Verdict) => share(endings, (one) => one.verdict === wanted);
  const areMet = targets.every((target) => isMet(target, endings));
  return [
    name,
    `${endings.length}`,
    share(endings, (one) => one.wasInForce),
    share(endings, ({ state }) => state === DeltaState.CONFIRMED),
    verdict(Verdict.HARMED),
    verdict(Verdict.INVALID),
    verdict(Verdict.INCONCLUSIVE),
    share(endings, ({ endedAt }) => endedAt === undefined),
    share(endings, ({ isInForce }) => isInForce),
    [
      median(endings.map(({ provisionalAt }) => provisionalAt)),
      median(endings.map(({ confirmedAt }) => confirmedAt)),
      median(endings.map(({ endedAt }) => endedAt)),
    ].join(' · '),
    targets.map((target) => textOf(target, endings.length)).join(', '),
    targets.length === 0 ? '' : areMet ? 'met' : 'MISSED',
  ];
}

function isMet(target: Target, endings: readonly Ending[]): boolean {
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

function textOf(target: Target, seeds: number): string {
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

function share(endings: readonly Ending[], isMeant: (one: Ending) => boolean): string {
  return ((100 * endings.filter(isMeant).length) / Math.max(endings.length, 1)).toFixed(1);
}

/** Median of those that are known; - if fewer than half are. */
function median(counts: readonly (number | undefined)[]): string {
  const known = counts.flatMap((count) => count ?? []).sort((a, b) => a - b);
  const middle = known[known.length >> 1];
  return middle === undefined || 2 * known.length < counts.length ? '-' : `${middle}`;
}

function layOut(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const isText = (i: number) => i === 0 || i >= COLUMNS.length - 3;
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (isText(i) ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join('\n');
}
