import type { Arm } from '../src/trial/arm.ts';
import { type Change, changed, latencyQuantile, NO_CHANGE } from './change.ts';
import type { Perform, Performed } from './flow.ts';
import type { Noise } from './noise.ts';

/** An effect of an arm on tasks or reports beyond its `Change`. */
export type Disturb = (performed: Performed, i: number) => Performed;

/** Tasks of a noise under a change, with a disturbance per arm. */
export function performDisturbed(
  noise: Noise,
  change: Change,
  disturb: Partial<Record<Arm, Disturb>>,
): Perform {
  return (i, arm) => {
    const performed = changed(noise.at(i), arm === 'new' ? change : NO_CHANGE);
    return disturb[arm]?.(performed, i) ?? performed;
  };
}

/** Reports are late by `factor` times the latency. */
export function late(factor: number): Disturb {
  return (performed) => ({ ...performed, reportMs: performed.latencyMs * (1 + factor) });
}

/** Failures are never reported. */
export const loseFailures: Disturb = (performed) =>
  performed.status === 'success' ? performed : lost(performed);

/** When a hanging task frees its slot. */
const PATIENCE_MS = 600_000;

/** A share of the tasks never ends. */
export function hang(share: number, noise: Noise): Disturb {
  return (performed, i) =>
    noise.at(i).chance < share ? { ...lost(performed), slotMs: PATIENCE_MS } : performed;
}

/** A share of the tasks hangs until it is reported as timed out, after `latencyMs`. */
export function timeOut(share: number, latencyMs: number, noise: Noise): Disturb {
  return (performed, i) =>
    noise.at(i).chance < share ? { ...performed, latencyMs, status: 'timeout' } : performed;
}

/** Failures take `factor` times as long. */
export function slowFailures(factor: number): Disturb {
  return (performed) =>
    performed.status === 'success'
      ? performed
      : { ...performed, latencyMs: performed.latencyMs * factor };
}

/** The slowest share of the tasks is never reported. */
export function loseSlowest(share: number, noise: Noise): Disturb {
  const limitMs = latencyQuantile(noise, 1 - share);
  return (performed, i) => (noise.at(i).latencyMs > limitMs ? lost(performed) : performed);
}

/** The slowest share of the tasks is cancelled. */
export function cancelSlowest(share: number, noise: Noise): Disturb {
  const limitMs = latencyQuantile(noise, 1 - share);
  return (performed, i) =>
    noise.at(i).latencyMs > limitMs ? { ...performed, status: 'cancelled' } : performed;
}

/** The slowest share of the tasks takes `factor` times as long. */
export function stretchTail(share: number, factor: number, noise: Noise): Disturb {
  const limitMs = latencyQuantile(noise, 1 - share);
  return (performed, i) =>
    noise.at(i).latencyMs > limitMs
      ? { ...performed, latencyMs: performed.latencyMs * factor }
      : performed;
}

/** A random share of the tasks is never reported. */
export function loseAny(share: number, noise: Noise): Disturb {
  return (performed, i) => (noise.at(i).chance < share ? lost(performed) : performed);
}

function lost(performed: Performed): Performed {
  return { ...performed, reportMs: Number.POSITIVE_INFINITY };
}
