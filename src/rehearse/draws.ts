import type { Task } from '../domain/task.ts';
import type { Kind, Outlook } from './planted.ts';
import { createRandom, type Random } from './random.ts';

/** What chance says of a task, whatever its values. */
export interface Draw {
  readonly kind: Kind;
  /** Added to its log latency: noise, drift, and the hour. */
  readonly noise: number;
  /** Uniform from 0 to 1: whether it succeeds. */
  readonly success: number;
  /** Standard normal, one for each measurement. */
  readonly measured: Readonly<Record<string, number>>;
  readonly fate: Fate;
  /** Uniform from 0 to 1: when a cancelled task is. */
  readonly part: number;
}

/** What becomes of a task, whatever its values. */
export type Fate = 'ends' | 'unreported' | 'cancelled' | 'hangs';

/** What chance is about. */
export interface Chances {
  readonly kinds: readonly Kind[];
  readonly noise: {
    readonly tails: 'normal' | 'heavy';
    readonly drift?: { readonly spread: number; readonly correlation: number } | undefined;
    readonly hours?: { readonly factor: number; readonly slowest: number } | undefined;
  };
  readonly losses: {
    readonly unreported: number;
    readonly cancelled: number;
    readonly hanging: number;
  };
}

const HOUR_MS = 3_600_000;

/** Draws the tasks of one run in order; the same seed gives the same, whatever values they run with. */
export class Draws {
  readonly #chances: Chances;
  readonly #random: Random;
  #level: number;

  constructor(chances: Chances, seed: string) {
    this.#chances = chances;
    this.#random = createRandom(`tasks/${seed}`);
    this.#level = this.#random.normal() * (chances.noise.drift?.spread ?? 0);
  }

  /** @param nowMs Unix time: the hour of the day is that of UTC */
  next(nowMs: number): Draw {
    const random = this.#random;
    const { noise } = this.#chances;
    const kind = this.#kind(random.uniform());
    // One number more or less would shift all that follow: each is drawn whether it is used or not.
    const [normal, uniform] = [random.normal(), random.uniform()];
    // Student's t of two degrees of freedom, by its quotient; its variance is infinite.
    const own = noise.tails === 'heavy' ? normal / Math.sqrt(-Math.log1p(-uniform)) : normal;
    const names = Object.keys(kind.measurements);
    return {
      kind,
      noise: kind.spread * own + this.#drift(random.normal()) + this.#hour(nowMs),
      success: random.uniform(),
      fate: this.#fate(random.uniform()),
      part: random.uniform(),
      measured: Object.fromEntries(names.map((name) => [name, random.normal()])),
    };
  }

  #kind(chance: number): Kind {
    const { kinds } = this.#chances;
    let below = 0;
    const found = kinds.find(({ weight }) => {
      below += weight;
      return chance < below;
    });
    const kind = found ?? kinds.at(-1);
    if (kind === undefined) throw new Error('there are no kinds of tasks');
    return kind;
  }

  #drift(normal: number): number {
    const { drift } = this.#chances.noise;
    if (drift === undefined) return 0;
    const { spread, correlation } = drift;
    this.#level = correlation * this.#level + Math.sqrt(1 - correlation ** 2) * spread * normal;
    return this.#level;
  }

  #hour(nowMs: number): number {
    const { hours } = this.#chances.noise;
    if (hours === undefined) return 0;
    const angle = (2 * Math.PI * (nowMs / HOUR_MS - hours.slowest)) / 24;
    return (Math.log(hours.factor) * Math.cos(angle)) / 2;
  }

  #fate(chance: number): Fate {
    const { unreported, cancelled, hanging } = this.#chances.losses;
    if (chance < unreported) return 'unreported';
    if (chance < unreported + cancelled) return 'cancelled';
    return chance < unreported + cancelled + hanging ? 'hangs' : 'ends';
  }
}

/** What a task comes to. */
export type Ended = Pick<Task, 'status' | 'measurements'> & { readonly latencyMs: number };

/** What a task comes to with its values. */
export function endOf(draw: Draw, outlook: Outlook, hangingMs: number): Ended {
  const { kind, noise, success, measured, fate, part } = draw;
  const latencyMs = Math.exp(outlook.logLatency + noise);
  if (fate === 'hangs') return { status: 'timeout', measurements: {}, latencyMs: hangingMs };
  if (fate === 'cancelled') {
    return { status: 'cancelled', measurements: {}, latencyMs: part * latencyMs };
  }
  const measurements = Object.fromEntries(
    Object.entries(kind.measurements).map(([name, measurement]) => {
      const spread = typeof measurement === 'number' ? 0 : measurement.spread;
      const log = (outlook.logMeasurements[name] ?? 0) + spread * (measured[name] ?? 0);
      return [name, Math.exp(log)];
    }),
  );
  return { status: success < outlook.success ? 'success' : 'failure', measurements, latencyMs };
}
