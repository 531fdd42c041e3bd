import type { Arm } from '../src/trial/arm.ts';
import { quantileOf } from '../src/trial/distributions.ts';
import { MEASURED_TASKS } from '../src/trial/plan.ts';
import type { Perform } from './flow.ts';
import type { Draw, Noise } from './noise.ts';

/** What a new value does, in truth. */
export interface Change {
  /** Added to the logarithm of latency. */
  readonly logLatency: number;
  /** Share of the tasks that would succeed and fail now; 1: every task fails. */
  readonly breaks?: number;
  /** Share of the tasks that would fail and succeed now. */
  readonly mends?: number;
}

export const NO_CHANGE: Change = { logLatency: 0 };

/** Tasks before a trial: as many as it is measured by. */
export const TASKS_BEFORE = MEASURED_TASKS;

/** Tasks that rules look at: as many as the engine's window has. */
export const WINDOW_TASKS = 30;

/** What a task comes to under a change. */
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

/** Tasks of a noise, those of the new arm changed. */
export function performUnder(noise: Noise, change: Change): Perform {
  return (i, arm: Arm) => changed(noise.at(i), arm === 'new' ? change : NO_CHANGE);
}

/** Points of success more or less, from a rate. */
export function successBy(points: number, rate: number): Pick<Change, 'breaks' | 'mends'> {
  return points < 0 ? { breaks: -points / rate } : { mends: points / (1 - rate) };
}

/** Tasks that a noise is known by. */
const KNOWN_TASKS = 1000;

/** A quantile of latency, in milliseconds, by a thousand tasks. */
export function latencyQuantile(noise: Noise, q: number): number {
  const latencies = Array.from({ length: KNOWN_TASKS }, (_, i) => noise.at(i).latencyMs);
  return quantileOf(latencies, q);
}
