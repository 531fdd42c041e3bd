import type { DeltaType } from '../domain/delta.ts';
import type { LoopSettings } from '../domain/settings.ts';

/** A stream of deltas that is open. */
export interface Follower {
  readonly clientId: string;
  /** What it is told of; empty: all. */
  readonly types: readonly DeltaType[];
  /** Of the newest Snapshot that it was sent: it says all that came before; 0: none was. */
  readonly snapshotSequence: number;
}

/** What a decision is given from outside. */
export interface Environment {
  readonly settings: LoopSettings;
  /** The loop's time. */
  readonly nowMs: number;
  readonly newId: () => string;
  /** The streams that are open now. */
  readonly followers: () => readonly Follower[];
  /** Milliseconds; never jumps. */
  readonly monotonic: () => number;
  /**
   * At least half of the newest tasks had asked for their parameters by name; `undefined`: it cannot
   * be told yet.
   */
  readonly asksByTask: () => boolean | undefined;
}
