import { quantile } from '../src/cycle/window-statistics.ts';
import type { Arm } from '../src/trial/arm.ts';
import type { Draw, Noise } from './noise.ts';
import type { Perform } from './trial-run.ts';

/** What a new value does, in truth. */
export interface Change {
  /** Added to the logarithm of latency. */
  readonly logLatency: number;
  /** Every task fails. */
  readonly fails?: boolean;
}

export const NO_CHANGE: Change = { logLatency: 0 };

/** Tasks before a trial: as many as the engine's window has. */
export const WINDOW_TASKS = 30;

/** What a task comes to under a change. */
export function changed({ latencyMs, status }: Draw, { logLatency, fails }: Change): Draw {
  return {
    latencyMs: latencyMs * Math.exp(logLatency),
    status: fails === true ? 'failure' : status,
  };
}

/** Tasks of a noise, those of the new arm changed. */
export function performUnder(noise: Noise, change: Change): Perform {
  return (i, arm: Arm) => changed(noise.at(i), arm === 'new' ? change : NO_CHANGE);
}

/** What the engine has a failed task count as: the p99 of the tasks before the trial. */
export function timeoutOf(noise: Noise): number {
  const window = Float64Array.from({ length: WINDOW_TASKS }, (_, i) => noise.at(i).latencyMs);
  return quantile(window.sort(), 0.99);
}
