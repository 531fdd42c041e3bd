import type { Arm } from '../src/trial/arm.ts';
import { quantileOf } from '../src/trial/evidence/distributions.ts';
import { MEASURED_TASKS } from '../src/trial/plan.ts';
import type { Perform } from './flow.ts';
import type { Draw, Noise } from './noise.ts';

/** The true effect of a new value. */
export interface Change {
  /** Added to the logarithm of latency. */
  readonly logLatency: number;
  /** Share of successes that it turns into failures; 1: every task fails. */
  readonly breaks?: number;
  /** Share of failures that it turns into successes. */
  readonly mends?: number;
}

export const NO_CHANGE: Change = { logLatency: 0 };

/** Tasks before a trial, from which its plan is measured. */
export const TASKS_BEFORE = MEASURED_TASKS;

/** Tasks in the window that rules look at, as by default in the engine. */
export const WINDOW_TASKS = 30;

/** A task under a change. */
export function changed(draw: Draw, { logLatency, breaks = 0, mends = 0 }: Change): Draw {
  const { latencyMs, status, chance } = draw;
  const isBroken = status === 'success' && chance < breaks;
  const isMended = status !== 'success' && chance < mends;
  return {
    ...draw,
    latencyMs: latencyMs * Math.exp(logLatency),
    status: isBroken ? 'failure' : isMended ? 'success' : status,
  };
}

/** Tasks of a noise, with the change in the new arm. */
export function performUnder(noise: Noise, change: Change): Perform {
  return (i, arm: Arm) => changed(noise.at(i), arm === 'new' ? change : NO_CHANGE);
}

/** A change of the success rate by `points` (a share, signed), from `rate`. */
export function successBy(points: number, rate: number): Pick<Change, 'breaks' | 'mends'> {
  return points < 0 ? { breaks: -points / rate } : { mends: points / (1 - rate) };
}

/** Tasks from which quantiles are taken. */
const KNOWN_TASKS = 1000;

/** A quantile of latency, in milliseconds. */
export function latencyQuantile(noise: Noise, q: number): number {
  const latencies = Array.from({ length: KNOWN_TASKS }, (_, i) => noise.at(i).latencyMs);
  return quantileOf(latencies, q);
}
