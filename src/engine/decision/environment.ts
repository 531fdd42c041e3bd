import type { DeltaType } from '../../domain/delta.ts';
import type { LoopSettings } from '../../domain/settings.ts';
import type { UtilityFailures } from './utilities.ts';

/** An open stream of deltas. */
export interface Follower {
  readonly clientId: string;
  /** Delta types that the stream is sent; empty: all. */
  readonly types: readonly DeltaType[];
  /** Sequence of the newest Snapshot that the stream was sent, which covers all earlier changes; 0: none. */
  readonly snapshotSequence: number;
}

/** What a decision depends on besides the ledger. */
export interface Environment {
  readonly settings: LoopSettings;
  /** The loop's time, in milliseconds. */
  readonly nowMs: number;
  readonly newId: () => string;
  readonly followers: () => readonly Follower[];
  /** Monotonic time in milliseconds. */
  readonly monotonic: () => number;
  /** Whether at least half of the newest tasks asked for their parameters by id; `undefined` if unknown. */
  readonly asksByTask: () => boolean | undefined;
  /** Whether none of the newest tasks asked for its parameters by id. */
  readonly noneAsks: () => boolean;
  readonly utilityFailures: UtilityFailures;
}

/** The open streams that are sent deltas of a type. Every stream is sent deltas without a type. */
export function followersOf(
  { followers }: Pick<Environment, 'followers'>,
  type: DeltaType | undefined,
): readonly Follower[] {
  return followers().filter(
    ({ types }) => types.length === 0 || type === undefined || types.includes(type),
  );
}
