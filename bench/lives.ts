import { type Spread, spreadOf } from '../scripts/report/statistics.ts';
import type { Target } from '../scripts/report/table.ts';
import { mean } from '../src/trial/evidence/distributions.ts';

/** One measure, of all lives. */
export interface Row {
  readonly section: string;
  readonly measure: string;
  readonly unit: string;
  /** Median over the lives. */
  readonly sidecar?: number;
  /** The same of what it is measured against. */
  readonly baseline?: number;
  /** Of the lives' ratios. */
  readonly ratio?: Spread;
  readonly target?: Target;
}

export type Named = Pick<Row, 'section' | 'measure' | 'unit'>;

/**
 * What a set of processes gave in its life: by side, the result of each turn. By default the sides are
 * the sidecar, an empty server, and another empty server.
 */
export type Life<T> = readonly (readonly T[])[];

/** Measures all sides in turns, each turn beginning with the next side. */
export async function takeTurns<T>(
  turns: number,
  sides: readonly (() => Promise<T>)[],
): Promise<Life<T>> {
  const life: T[][] = sides.map(() => []);
  for (let turn = 0; turn < turns; turn += 1) {
    for (let i = 0; i < sides.length; i += 1) {
      const at = (turn + i) % sides.length;
      const result = await sides[at]?.();
      if (result !== undefined) life[at]?.push(result);
    }
  }
  return life;
}

interface Comparison<T> extends Named {
  figureOf(result: T): number;
  readonly side?: number;
  /** Their mean is the baseline. */
  readonly baselines?: readonly number[];
  targetOf?(row: Row): Target;
}

/**
 * A row of one figure. A life's figure is the mean of its turns, so that what happens in some turns only,
 * such as garbage collection, counts.
 */
export function compare<T>(
  lives: readonly Life<T>[],
  { figureOf, side = 0, baselines = [1, 2], targetOf, ...named }: Comparison<T>,
): Row {
  const meanOf = (life: Life<T>, at: number) => mean((life[at] ?? []).map(figureOf));
  const sidecar = lives.map((life) => meanOf(life, side));
  const baseline = lives.map((life) => mean(baselines.map((at) => meanOf(life, at))));
  const row = compareLives(named, sidecar, baseline);
  return targetOf === undefined ? row : { ...row, target: targetOf(row) };
}

/** What two equal servers differ by: the noise of a row of `compare`. */
export function noise<T>(
  lives: readonly Life<T>[],
  { side, baselines, targetOf: _, measure, ...figure }: Comparison<T>,
): Row {
  const [one = 1, other = 2] = baselines ?? [];
  const named = { ...figure, measure: `${measure}, empty by empty` };
  const { sidecar: _sidecar, ...row } = compare(lives, { ...named, side: other, baselines: [one] });
  return row;
}

/** A row of a figure that each life has one of. */
export function compareLives(
  named: Named,
  sidecar: readonly number[],
  baseline: readonly number[],
): Row {
  return {
    ...named,
    sidecar: spreadOf(sidecar).median,
    baseline: spreadOf(baseline).median,
    ratio: spreadOf(sidecar.map((value, i) => value / (baseline[i] ?? Number.NaN))),
  };
}

export function ratioAtMost(limit: number): (row: Row) => Target {
  return ({ ratio }) => ({
    text: `ratio <= ${limit}`,
    met: ratio !== undefined && ratio.median <= limit,
  });
}

export function ratioAtLeast(limit: number): (row: Row) => Target {
  return ({ ratio }) => ({
    text: `ratio >= ${limit}`,
    met: ratio !== undefined && ratio.median >= limit,
  });
}

export function atMost(limit: number): (row: Row) => Target {
  return ({ sidecar = Number.NaN, unit }) => ({
    text: `<= ${limit} ${unit}`,
    met: sidecar <= limit,
  });
}
