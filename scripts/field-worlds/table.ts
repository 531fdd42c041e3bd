import { DeltaState, Verdict } from '../../src/gen/learning/v1/delta_pb.ts';
import type { Ending } from './course.ts';
import type { Target, World } from './world.ts';

/** What came of the seeds of a world. */
export interface WorldResult {
  readonly world: World;
  readonly endings: readonly Ending[];
}

/** A rate that is not to be exceeded, and how unlikely a count must be for it to be said it was. */
const MAX_RATE = 0.05;
const UNLIKELY = 0.02;

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

/** One table, a line for each world; which targets are missed. */
export function formatResults(results: readonly WorldResult[]): {
  readonly text: string;
  readonly missed: readonly string[];
} {
  const missed: string[] = [];
  const rows = results.map(({ world, endings }) => {
    const verdict = (wanted: Verdict) => share(endings, (one) => one.verdict === wanted);
    const failures = world.targets.filter((target) => !isMet(target, endings));
    missed.push(...failures.map((target) => `${world.name}: ${textOf(target, endings.length)}`));
    return [
      world.name,
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
      world.targets.map((target) => textOf(target, endings.length)).join(', '),
      world.targets.length === 0 ? '' : failures.length === 0 ? 'met' : 'MISSED',
    ];
  });
  return { text: layOut([COLUMNS, ...rows]), missed };
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

/** The most of so many seeds that a rate of 5 % lets expect: of 40, 5. */
function mostByChance(seeds: number): number {
  let probability = (1 - MAX_RATE) ** seeds;
  let below = probability;
  let count = 0;
  while (1 - below > UNLIKELY) {
    probability *= ((seeds - count) / (count + 1)) * (MAX_RATE / (1 - MAX_RATE));
    count += 1;
    below += probability;
  }
  return count;
}

function share(endings: readonly Ending[], isMeant: (one: Ending) => boolean): string {
  return ((100 * endings.filter(isMeant).length) / Math.max(endings.length, 1)).toFixed(1);
}

/** Of those that came to it; - where fewer than half did. */
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
