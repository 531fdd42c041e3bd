import type { Ledger } from '../../ledger/ledger.ts';
import type { EValues, TrialStep } from '../../trial/step.ts';
import { receiptsAt } from './receipts.ts';

/** Maximum number of points of a series; with twice as many, every other one is left out. */
const MAX_POINTS = 500;

/** The e-values of all metrics after a counted set. */
interface Point {
  /** Sets counted in this stage: 1, 2, 3 … */
  readonly sets: number;
  readonly e: readonly EValues[];
}

/** E-values of the stage that is on, set by set. */
interface Series {
  /** Position of the newest event read. */
  position: number;
  sets: number;
  /** A point is kept of this many sets. */
  stride: number;
  points: Point[];
  newest: Point | undefined;
  /** How long the trial may take and what it could find, as said when it began. */
  couldFind: string;
}

/**
 * The evidence of open trials, set by set, as their receipts tell it: only of sets that are counted. Receipts are read
 * when somebody asks, from where the last reading ended.
 */
export class EvidenceSeries {
  readonly #ledger: Ledger;
  readonly #byDelta = new Map<string, Series>();
  #reading: Promise<void> = Promise.resolve();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** @param deltaIds of the open trials: others are forgotten */
  async of(deltaIds: readonly string[]): Promise<ReadonlyMap<string, SeriesView>> {
    // One reading after the other: each goes on from the one before.
    this.#reading = this.#reading.catch(() => {}).then(() => this.#read(deltaIds));
    await this.#reading;
    return new Map(
      deltaIds.map((deltaId) => [deltaId, viewOf(this.#byDelta.get(deltaId) ?? emptySeries())]),
    );
  }

  async #read(deltaIds: readonly string[]): Promise<void> {
    for (const known of this.#byDelta.keys()) {
      if (!deltaIds.includes(known)) this.#byDelta.delete(known);
    }
    for (const deltaId of deltaIds) {
      const series = this.#byDelta.get(deltaId) ?? emptySeries();
      this.#byDelta.set(deltaId, series);
      const all = this.#ledger.state.deltaRows.allOf(deltaId);
      const positions = all.filter((position) => position > series.position);
      for await (const { position, receipts } of receiptsAt(this.#ledger, positions)) {
        for (const { step } of receipts) addStep(series, step);
        series.position = position;
      }
    }
  }
}

/** What is shown of a series. */
export interface SeriesView {
  readonly points: readonly Point[];
  readonly couldFind: string;
}

function viewOf({ points, newest, couldFind }: Series): SeriesView {
  const isShown = newest === undefined || points.at(-1) === newest;
  return { points: isShown ? points.slice() : [...points, newest], couldFind };
}

function emptySeries(): Series {
  return { position: 0, sets: 0, stride: 1, points: [], newest: undefined, couldFind: '' };
}

function addStep(series: Series, step: TrialStep): void {
  if (step.step === 'start') series.couldFind = step.summary;
  // The next stage bets anew on groups, with limits of its own.
  if (step.step === 'promote' || step.step === 'confirm') {
    Object.assign(series, { sets: 0, stride: 1, points: [], newest: undefined });
  }
  if (!('e' in step) || step.e === undefined) return;
  series.sets += 1;
  series.newest = { sets: series.sets, e: step.e };
  if (series.sets % series.stride !== 0) return;
  series.points.push(series.newest);
  if (series.points.length < 2 * MAX_POINTS) return;
  series.stride *= 2;
  series.points = series.points.filter(({ sets }) => sets % series.stride === 0);
}
