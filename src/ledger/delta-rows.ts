import type { Receipt } from '../trial/receipt.ts';
import type { TrialStep } from '../trial/step.ts';

/** The end of a stage, in a delta's receipts. */
export interface StageEnd {
  /** Of the event that holds the receipt. */
  readonly position: number;
  /** Of the receipt that ends the stage. */
  readonly number: number;
}

interface Rows {
  /** Positions of events that belong to the delta's history, ascending. */
  readonly notable: number[];
  /** Positions of receipts that only count tasks, ascending; absent without any. */
  steps?: number[];
  ended?: StageEnd;
  /** Whether the receipts tell coins beyond their stage: the plan names the base of all seeds. */
  isRepeatable?: true;
}

const STAGE_ENDS: readonly TrialStep['step'][] = ['promote', 'confirm', 'renew', 'end'];
const NOTABLE: readonly TrialStep['step'][] = [
  ...(['start', 'promote', 'confirm', 'renew', 'end'] as const),
  ...(['pause', 'resume', 'suspend', 'continue'] as const),
];

/** Where the log holds the events of each retained delta. */
export class DeltaRows {
  readonly #rows = new Map<string, Rows>();

  begin(deltaId: string, position: number): void {
    this.#rows.set(deltaId, { notable: [position] });
  }

  add(deltaId: string, position: number): void {
    this.#rows.get(deltaId)?.notable.push(position);
  }

  addReceipts(deltaId: string, position: number, receipts: readonly Receipt[]): void {
    const rows = this.#rows.get(deltaId);
    if (rows === undefined) return;
    const isNotable = receipts.some(({ step }) => NOTABLE.includes(step.step));
    if (isNotable) rows.notable.push(position);
    else {
      rows.steps ??= [];
      rows.steps.push(position);
    }
    for (const { number, step } of receipts) {
      if (STAGE_ENDS.includes(step.step)) rows.ended = { position, number };
      if (step.step === 'start' && step.plan.seed !== undefined) rows.isRepeatable = true;
    }
  }

  /** Removes events that are no longer stored. */
  remove(deltaId: string, positions: readonly number[]): void {
    const rows = this.#rows.get(deltaId);
    if (rows === undefined) return;
    const gone = new Set(positions);
    rows.notable.splice(
      0,
      Number.POSITIVE_INFINITY,
      ...rows.notable.filter((one) => !gone.has(one)),
    );
    if (rows.steps !== undefined) rows.steps = rows.steps.filter((one) => !gone.has(one));
  }

  /** Forgets a delta; returns the positions of its events. */
  forget(deltaId: string): readonly number[] {
    const all = this.allOf(deltaId);
    this.#rows.delete(deltaId);
    return all;
  }

  /** The positions of all events of a delta, ascending. */
  allOf(deltaId: string): readonly number[] {
    const { notable, steps = [] } = this.#rows.get(deltaId) ?? { notable: [] };
    return steps.length === 0 ? notable : [...notable, ...steps].sort((a, b) => a - b);
  }

  /** The positions of the events of a delta that tell its history, ascending. */
  historyOf(deltaId: string): readonly number[] {
    return this.#rows.get(deltaId)?.notable ?? [];
  }

  /** The newest end of a stage; `undefined` before the first. */
  endedStageOf(deltaId: string): StageEnd | undefined {
    return this.#rows.get(deltaId)?.ended;
  }

  /** Whether the receipts of a delta tell coins beyond the stages that have ended. */
  isRepeatable(deltaId: string): boolean {
    return this.#rows.get(deltaId)?.isRepeatable === true;
  }
}
