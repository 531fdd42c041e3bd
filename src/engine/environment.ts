import type { LoopSettings } from '../domain/settings.ts';

/** What a decision is given from outside. */
export interface Environment {
  readonly settings: LoopSettings;
  /** Unix time in milliseconds. */
  readonly nowMs: number;
  readonly newId: () => string;
  /** The clients that follow the deltas now. */
  readonly subscribers: () => readonly string[];
  /** Milliseconds; never jumps. */
  readonly monotonic: () => number;
  /** At least half of the newest tasks had asked for their parameters by name. */
  readonly asksByTask: () => boolean;
}
