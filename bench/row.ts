import { type Spread, spreadOf } from './statistics.ts';

/** What a figure has to be. */
export interface Target {
  readonly text: string;
  readonly met: boolean;
}

/** One line of the table. */
export interface Row {
  readonly section: string;
  readonly measure: string;
  readonly unit: string;
  readonly sidecar: number;
  /** The same of what it is measured against. */
  readonly baseline?: number;
  /** The sidecar's figure by the baseline's, of each round. */
  readonly ratio?: Spread;
  readonly target?: Target;
}

/** What both sides gave in one round. */
export interface Round<T> {
  readonly sidecar: T;
  readonly baseline: T;
}

/**
 * Measures both sides by turns, so that what else the machine does falls on both. Every second
 * round begins with the other side.
 */
export async function measureByTurns<T>(
  rounds: number,
  sidecar: () => Promise<T>,
  baseline: () => Promise<T>,
): Promise<Round<T>[]> {
  const results: Round<T>[] = [];
  for (let i = 0; i < rounds; i += 1) {
    if (i % 2 === 0) {
      const first = await sidecar();
      results.push({ sidecar: first, baseline: await baseline() });
    } else {
      const first = await baseline();
      results.push({ baseline: first, sidecar: await sidecar() });
    }
  }
  return results;
}

type Named = Pick<Row, 'section' | 'measure' | 'unit'>;

/** A row of one figure of some rounds: medians, and the spread of the rounds' ratios. */
export function compare<T>(
  named: Named,
  rounds: readonly Round<T>[],
  figureOf: (result: T) => number,
  targetOf?: (row: Row) => Target,
): Row {
  const sidecar = rounds.map((round) => figureOf(round.sidecar));
  const baseline = rounds.map((round) => figureOf(round.baseline));
  const row: Row = {
    ...named,
    sidecar: spreadOf(sidecar).median,
    baseline: spreadOf(baseline).median,
    ratio: spreadOf(sidecar.map((value, i) => value / (baseline[i] ?? Number.NaN))),
  };
  return targetOf === undefined ? row : { ...row, target: targetOf(row) };
}

/** The ratio may be at most so much. */
export function ratioAtMost(limit: number): (row: Row) => Target {
  return ({ ratio }) => ({ text: `ratio <= ${limit}`, met: (ratio?.median ?? 0) <= limit });
}

/** The ratio must be at least so much. */
export function ratioAtLeast(limit: number): (row: Row) => Target {
  return ({ ratio }) => ({ text: `ratio >= ${limit}`, met: (ratio?.median ?? 0) >= limit });
}

/** The sidecar's own figure may be at most so much. */
export function atMost(limit: number): (row: Row) => Target {
  return ({ sidecar, unit }) => ({ text: `<= ${limit} ${unit}`, met: sidecar <= limit });
}
