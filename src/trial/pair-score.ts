import type { Metric } from '../domain/effect.ts';
import { own } from '../domain/value.ts';
import { mean } from './distributions.ts';
import { hasSucceeded, logLatency, type Outcome, successOf } from './outcome.ts';

/** The two halves of a pair: one task each, or a block each. */
export interface PairOutcomes {
  readonly old: readonly Outcome[];
  readonly new: readonly Outcome[];
}

/** What scores depend on beside the outcomes; fixed when a trial starts. */
export interface Scale {
  /** Milliseconds that a failed task counts as at least where failures and successes are mixed. */
  readonly timeoutMs: number;
  /** Failures that took fewer milliseconds tell nothing by their latency. */
  readonly floorMs: number;
  /** Share of successes before the trial, above 0 and below 1. */
  readonly successRate: number;
  /** Single tasks are compared; otherwise blocks of tasks. */
  readonly assignment: 'task' | 'switchback';
}

/** A measurement of more counts as so much, so that a sum of some is finite. */
export const MAX_AMOUNT = 1e150;

/** How the two tasks of a pair ended; a pair bets in its own stratum only. */
export const STRATA = ['succeeded', 'failed', 'failedFast', 'discordant'] as const;
export type Stratum = (typeof STRATA)[number];

/** What a pair says of one metric. Differences are new less old; positive is worse. */
export interface PairReading {
  /** All pairs mixed, failures counted as the timeout; `undefined`: it tells nothing. */
  readonly mixed: number | undefined;
  /** Within the pair's stratum; `undefined`: it tells nothing, or there are no strata. */
  readonly stratum: { readonly name: Stratum; readonly difference: number } | undefined;
  /** For the estimate; `undefined`: not typical, or of a median a tie. */
  readonly typical: number | undefined;
  /** Means of the halves, as measured. */
  readonly old: number;
  readonly new: number;
}

/** Strata of a metric; only single tasks have them. */
export function strataOf({ kind, statistic }: Metric, { assignment }: Scale): readonly Stratum[] {
  if (assignment !== 'task' || statistic !== 'median') return [];
  if (kind === 'outcome') return STRATA;
  return kind === 'latency' ? STRATA.filter((name) => name !== 'discordant') : [];
}

/** `undefined`: the pair tells nothing of this metric. */
export function readPair(
  metric: Metric,
  pair: PairOutcomes,
  scale: Scale,
): PairReading | undefined {
  const halves = halvesOf(metric, pair, scale.timeoutMs);
  const mixed = halves && turned(metric, halves.new - halves.old);
  const strata = strataOf(metric, scale);
  if (strata.length === 0) {
    const typical = metric.statistic === 'median' ? mixed || undefined : mixed;
    return halves && { mixed, stratum: undefined, typical, ...halves };
  }
  const stratum = stratify(pair, scale);
  const isOwn = stratum !== undefined && strata.includes(stratum.name);
  if (mixed === undefined && !isOwn) return undefined;
  const isTypical = stratum?.name === 'succeeded' || stratum?.name === 'failed';
  return {
    mixed,
    stratum: isOwn ? stratum : undefined,
    typical: isTypical ? stratum.difference || undefined : undefined,
    old: halves?.old ?? 0,
    new: halves?.new ?? 0,
  };
}

/** A difference of new less old, so that positive is worse. */
export function turned({ better }: Metric, difference: number): number {
  // Never minus zero: it would not be the same once it is JSON.
  return better === 'lower' ? difference : 0 - difference;
}

/**
 * Log latency of the new task less that of the old one, as measured; where just one failed, 1 if it
 * was the new one, else -1.
 */
function stratify(
  { old: [old], new: [fresh] }: PairOutcomes,
  { floorMs }: Scale,
): PairReading['stratum'] {
  if (old === undefined || fresh === undefined) return undefined;
  if (hasSucceeded(old) !== hasSucceeded(fresh)) {
    return { name: 'discordant', difference: successOf(old) - successOf(fresh) };
  }
  if (old.latencyMs === undefined || fresh.latencyMs === undefined) return undefined;
  const difference = logLatency(fresh.latencyMs) - logLatency(old.latencyMs);
  if (hasSucceeded(old)) return { name: 'succeeded', difference };
  const areFast = old.latencyMs < floorMs && fresh.latencyMs < floorMs;
  return { name: areFast ? 'failedFast' : 'failed', difference };
}

function halvesOf(metric: Metric, { old, new: fresh }: PairOutcomes, timeoutMs: number) {
  const valuesOf = (half: readonly Outcome[]) =>
    half.flatMap((outcome) => valueIn(metric, outcome, timeoutMs) ?? []);
  const [oldValues, newValues] = [valuesOf(old), valuesOf(fresh)];
  if (oldValues.length === 0 || newValues.length === 0) return undefined;
  return { old: mean(oldValues), new: mean(newValues) };
}

/**
 * What a metric looks at in an outcome: log latency, 1 or 0, milliseconds or an amount; `undefined`:
 * the report had none.
 */
export function valueIn(metric: Metric, outcome: Outcome, timeoutMs: number): number | undefined {
  switch (metric.kind) {
    case 'success':
      return successOf(outcome);
    case 'outcome':
      return cappedLatency(outcome, timeoutMs);
    case 'latency':
      return metric.statistic === 'total' ? outcome.latencyMs : cappedLatency(outcome, timeoutMs);
    case 'measurement': {
      const value = own(outcome.measurements, metric.name);
      return value === undefined ? undefined : Math.max(-MAX_AMOUNT, Math.min(value, MAX_AMOUNT));
    }
  }
}

/** Log latency, of a failed task at least that of the timeout: failing fast is not faster. */
function cappedLatency(outcome: Outcome, timeoutMs: number): number | undefined {
  const { latencyMs } = outcome;
  if (hasSucceeded(outcome)) return latencyMs === undefined ? undefined : logLatency(latencyMs);
  return logLatency(Math.max(latencyMs ?? 0, timeoutMs));
}
