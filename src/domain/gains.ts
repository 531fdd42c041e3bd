import type { Delta } from './delta.ts';
import type { Difference } from './effect.ts';

/**
 * An amount of one metric over many tasks: task-hours of latency, tasks that succeed, or a measurement in its own unit.
 * Positive: a gain; in a `ProvingCost`: a loss.
 */
export interface Amount {
  readonly metric: string;
  readonly better: 'lower' | 'higher';
  readonly estimate: number;
  /** Ends of an interval around the estimate, about 95 % at any moment. */
  readonly lower: number;
  readonly upper: number;
}

/** What a confirmed change gains in a metric. Positive: better, whether lower or higher values are better. */
export interface MetricGain extends Difference {
  readonly total: Amount;
}

/** What was known of a change at its promotion or its confirmation, and what its holdback found. */
export interface Prediction {
  readonly madeWhen: 'provisional' | 'confirmed';
  readonly difference: Difference;
  /** The difference per task that the holdback found; absent until enough is known. */
  readonly found: number | undefined;
}

/** A change that was confirmed. */
export interface ChangeGains {
  readonly delta: Delta;
  /** When the change was confirmed, by the loop's time in milliseconds. */
  readonly confirmedMs: number;
  /** Tasks recorded from its confirmation until its holdback ended. */
  readonly tasks: number;
  /** Of `tasks`, those that kept the old value and were counted. */
  readonly tasksHeldBack: number;
  /** Whether its holdback is still running. */
  readonly isMeasuring: boolean;
  readonly gains: readonly MetricGain[];
  readonly predictions: readonly Prediction[];
  /** Why the change is not measured, in words; empty if it is measured. */
  readonly note: string;
}

/** A change that was tried and not kept, or taken back. */
export interface UnkeptChange {
  readonly delta: Delta;
  /** Tasks from the change's confirmation until its reversal; absent if it was not confirmed. */
  readonly tasksConfirmed: number | undefined;
}

/** A change on trial, on probation, or applied without proof. */
export interface OpenChange {
  readonly delta: Delta;
  readonly tasksUsed: number;
}

/** What trials or holdbacks cost. */
export interface ProvingCost {
  /** Tasks that ran with the value that was not kept; for holdbacks, with the old value. */
  readonly tasks: number;
  readonly amounts: readonly Amount[];
}

/** How well the findings of trials have held. */
export interface TrackRecord {
  readonly promotions: number;
  readonly confirmed: number;
  readonly onProbation: number;
  readonly takenBack: number;
  readonly takenBackConfirmed: number;
  /** Predictions that a holdback has graded, and how many of their intervals held. */
  readonly predictionsGraded: number;
  readonly predictionsHeld: number;
  /** Share of the intervals that are expected to hold. */
  readonly expectedShare: number;
}

/** What the retained changes have gained, and what that cost. */
export interface Gains {
  /** When the first of the changes was confirmed, by the loop's time; absent if none was. */
  readonly sinceMs: number | undefined;
  /** Tasks recorded since then. */
  readonly tasks: number;
  /** Oldest first. */
  readonly changes: readonly ChangeGains[];
  readonly totals: readonly Amount[];
  readonly exploring: ProvingCost;
  readonly holdingBack: ProvingCost;
  /** Newest first. */
  readonly unkept: readonly UnkeptChange[];
  readonly open: readonly OpenChange[];
  readonly record: TrackRecord;
  /** What it would take to prove a change, in words; empty if one is proven. */
  readonly needed: readonly string[];
}

const MS_PER_HOUR = 3_600_000;

/** The amount of a difference per task over a number of tasks; a negative number inverts the amount. */
export function amountOver(
  { metric, better, perTask, lower, upper }: Difference,
  tasks: number,
): Amount {
  const factor = metric === 'latency' ? tasks / MS_PER_HOUR : tasks;
  const [one, other] = [lower * factor, upper * factor];
  return {
    metric,
    better,
    // + 0 turns -0 into 0.
    estimate: perTask * factor + 0,
    lower: Math.min(one, other) + 0,
    upper: Math.max(one, other) + 0,
  };
}

/**
 * Sums amounts by metric, in order of first appearance. The ends of intervals are summed too: for independent
 * estimates, a narrower interval would be valid.
 */
export function sumAmounts(amounts: readonly Amount[]): Amount[] {
  const sums = new Map<string, Amount>();
  for (const amount of amounts) {
    const sum = sums.get(amount.metric) ?? { ...amount, estimate: 0, lower: 0, upper: 0 };
    sums.set(amount.metric, {
      ...sum,
      estimate: sum.estimate + amount.estimate,
      lower: sum.lower + amount.lower,
      upper: sum.upper + amount.upper,
    });
  }
  return [...sums.values()];
}
