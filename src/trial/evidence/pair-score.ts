import type { Metric } from '../../domain/effect.ts';
import { own } from '../../domain/value.ts';
import { mean } from './distributions.ts';
import { hasSucceeded, logLatency, type Outcome, successOf } from './outcome.ts';

/** The outcomes of a pair by arm: one task each, or the tasks of a block. */
export interface PairOutcomes {
  readonly old: readonly Outcome[];
  readonly new: readonly Outcome[];
}

/** Parameters of scores, fixed when a trial starts. */
export interface Scale {
  /** Minimum latency that a failed task counts as, in milliseconds, when it is compared with a success. */
  readonly timeoutMs: number;
  /** The latency of failures below this, in milliseconds, is ignored. */
  readonly floorMs: number;
  /** Success rate before the trial, above 0 and below 1. */
  readonly successRate: number;
  /** `task`: single tasks are compared; `switchback`: blocks of tasks. */
  readonly assignment: 'task' | 'switchback';
}

/** Larger measurements count as this, so that sums stay finite. */
export const MAX_AMOUNT = 1e150;

/** How the two tasks of a pair ended. A pair is in one stratum. */
export const STRATA = ['succeeded', 'failed', 'failedFast', 'discordant'] as const;
export type Stratum = (typeof STRATA)[number];

/** The result of a pair in one metric. Differences: positive is worse. */
export interface PairReading {
  /** Difference with failures counted as the timeout; `undefined` without data. */
  readonly mixed: number | undefined;
  /** Difference within the pair's stratum; `undefined` without data or strata. */
  readonly stratum: { readonly name: Stratum; readonly difference: number } | undefined;
  /** Difference for the estimate; `undefined` for a tie of a median, and a discordant or fast failing pair. */
  readonly typical: number | undefined;
  /** Mean of each arm, as measured. */
  readonly old: number;
  readonly new: number;
}

/** The strata of a metric; blocks have none. */
export function strataOf({ kind, statistic }: Metric, { assignment }: Scale): readonly Stratum[] {
  if (assignment !== 'task' || statistic !== 'median') return [];
  if (kind === 'outcome') return STRATA;
  return kind === 'latency' ? STRATA.filter((name) => name !== 'discordant') : [];
}

/** Reads a pair; `undefined` if it has no data for the metric. */
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

/** Whether a metric is a share of tasks. */
export function isRate({ kind, statistic }: Metric): boolean {
  return kind === 'success' || statistic === 'p95';
}

/** A difference (new - old) with its sign turned so that positive is worse. */
export function turned({ better }: Metric, difference: number): number {
  // 0 - x, since -x could be -0, which JSON does not preserve.
  return better === 'lower' ? difference : 0 - difference;
}

/** The stratum of a pair, with the log ratio of latencies; if `discordant`, with 1 if the new task failed, else -1. */
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
 * The value of a metric in an outcome: log latency, 1 or 0 (success, `p95`), milliseconds (total of latency) or an
 * amount; `undefined` if the report had none.
 */
export function valueIn(metric: Metric, outcome: Outcome, timeoutMs: number): number | undefined {
  if (metric.statistic === 'p95') return exceedance(metric, outcome);
  switch (metric.kind) {
    case 'success':
      return successOf(outcome);
    case 'outcome':
      return cappedLatency(outcome, timeoutMs);
    case 'latency':
      return metric.statistic === 'total'
        ? bounded(outcome.latencyMs)
        : cappedLatency(outcome, timeoutMs);
    case 'measurement': {
      const value = own(outcome.measurements, metric.name);
      return bounded(value);
    }
  }
}

/** 1 if the task exceeds, as a failed or lost task without a latency does, else 0; `undefined` without data. */
function exceedance(metric: Metric, outcome: Outcome): number | undefined {
  const isLatency = metric.kind === 'latency';
  const value = isLatency ? outcome.latencyMs : own(outcome.measurements, metric.name);
  if (value === undefined) return isLatency && !hasSucceeded(outcome) ? 1 : undefined;
  return value > (metric.exceeds ?? Number.POSITIVE_INFINITY) ? 1 : 0;
}

function bounded(amount: number | undefined): number | undefined {
  return amount === undefined ? undefined : Math.max(-MAX_AMOUNT, Math.min(amount, MAX_AMOUNT));
}

/** Log latency; a failed task counts as the timeout at least, since failing fast is no gain. */
function cappedLatency(outcome: Outcome, timeoutMs: number): number | undefined {
  const { latencyMs } = outcome;
  if (hasSucceeded(outcome)) return latencyMs === undefined ? undefined : logLatency(latencyMs);
  return logLatency(Math.max(latencyMs ?? 0, timeoutMs));
}
