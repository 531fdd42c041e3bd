import type { CohortValues } from '../domain/cohort.ts';
import type { Delta, DeltaType } from '../domain/delta.ts';
import { LearningError } from '../domain/errors.ts';
import { own, type Parameters } from '../domain/value.ts';
import { type LedgerState, MAX_BACKLOG } from './state.ts';

/** Why a reader is given a snapshot. */
export type SnapshotOutcome = 'initial' | 'reset_epoch' | 'reset_compacted' | 'reset_slow';

/** What is sent to a reader next. */
export type FeedItem =
  | {
      readonly kind: 'snapshot';
      readonly sequence: number;
      readonly outcome: SnapshotOutcome;
      readonly parameters: Parameters;
      /** By parameter: the id of the delta that put the value in force, if that delta is retained. */
      readonly deltaIds: Readonly<Record<string, string>>;
      /** The cohorts' own values; absent if there are none, or the reader does not want them. */
      readonly cohortValues: CohortValues | undefined;
    }
  | { readonly kind: 'delta'; readonly sequence: number; readonly delta: Delta };

export interface SubscriptionRequest {
  /** The epoch that `afterSequence` belongs to; empty matches any. */
  readonly epoch: string;
  /** Absent to start with a snapshot. */
  readonly afterSequence: bigint | undefined;
  /** Empty: all. */
  readonly types: readonly DeltaType[];
  /** Whether the reader wants what concerns single cohorts. */
  readonly cohorts?: boolean;
}

/**
 * A reader is slow if it is behind by more than `MAX_BACKLOG` live changes, and the oldest of these is older than this:
 * a burst makes no reader slow. A slow reader is reset by one snapshot.
 */
export const MAX_LAG_MS = 1000;

/**
 * One reader's position in the log of changes. Invariants:
 *
 * 1. A subscription holds no messages: it reads one from the ledger's state when the reader can take it, so a slow
 *    reader costs no memory.
 * 2. Changes are read in order of sequence, each once, without a gap, except where a snapshot replaces them.
 * 3. A snapshot holds every change up to its sequence, and reading goes on after that sequence.
 * 4. Changes from before the reader came are sent in full, however slowly it reads, as long as they are retained; only
 *    later changes make it slow.
 */
export class Subscription {
  readonly #state: LedgerState;
  readonly #types: ReadonlySet<DeltaType>;
  readonly #withCohorts: boolean;
  #sequence: number;
  /** The sequence of the newest change when the reader came. */
  readonly #openedAt: number;
  #snapshotDue: SnapshotOutcome | undefined;

  /** Throws `SEQUENCE_AHEAD` if `afterSequence` is beyond the ledger. */
  constructor(state: LedgerState, request: SubscriptionRequest) {
    const { head } = state;
    this.#state = state;
    this.#types = new Set(request.types);
    this.#withCohorts = request.cohorts === true;
    this.#openedAt = head.sequence;
    this.#sequence = head.sequence;
    this.#snapshotDue = openingOutcome(state, request);
    if (this.#snapshotDue === undefined) this.#sequence = Number(request.afterSequence);
  }

  /** The sequence up to which the reader has read, changes of other types included. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * The next message; `undefined` if the reader has read all.
   *
   * @param nowMs the loop's time
   */
  next(nowMs: number): FeedItem | undefined {
    const { head } = this.#state;
    const outcome = this.#snapshotDue ?? (this.#isTooSlow(nowMs) ? 'reset_slow' : undefined);
    if (outcome !== undefined) {
      this.#snapshotDue = undefined;
      this.#sequence = head.sequence;
      const { sequence, parameters } = head;
      const cohortValues = this.#withCohorts ? head.cohortValues : undefined;
      const deltaIds = liveDeltas(this.#state);
      return { kind: 'snapshot', sequence, outcome, parameters, deltaIds, cohortValues };
    }
    while (this.#sequence < head.sequence) {
      this.#sequence += 1;
      const delta = this.#state.appliedAt(this.#sequence);
      if (delta !== undefined && this.#wants(delta)) {
        return { kind: 'delta', sequence: this.#sequence, delta };
      }
    }
    return undefined;
  }

  #isTooSlow(nowMs: number): boolean {
    const { head } = this.#state;
    if (this.#sequence >= head.sequence) return false;
    // The next change is no longer retained.
    if (this.#state.appliedAt(this.#sequence + 1) === undefined) return true;
    const from = Math.max(this.#sequence, this.#openedAt);
    if (head.sequence - from <= MAX_BACKLOG) return false;
    const appliedMs = this.#state.appliedAt(from + 1)?.appliedMs ?? 0;
    return nowMs - appliedMs > MAX_LAG_MS;
  }

  /** A delta without a type concerns everyone, but one of a cohort only those who know of cohorts. */
  #wants(delta: Delta): boolean {
    if (delta.cohort !== undefined && !this.#withCohorts) return false;
    return this.#types.size === 0 || delta.type === undefined || this.#types.has(delta.type);
  }
}

function liveDeltas(state: LedgerState): Readonly<Record<string, string>> {
  const { parameters, targets } = state.head;
  return Object.fromEntries(
    Object.keys(parameters).flatMap((name) => {
      const deltaId = own(targets, name)?.deltaId;
      return deltaId !== undefined && state.delta(deltaId) !== undefined ? [[name, deltaId]] : [];
    }),
  );
}

function openingOutcome(
  { head }: LedgerState,
  { epoch, afterSequence }: SubscriptionRequest,
): SnapshotOutcome | undefined {
  if (epoch !== '' && epoch !== head.epoch) return 'reset_epoch';
  if (afterSequence === undefined) return 'initial';
  if (afterSequence > BigInt(head.sequence)) {
    throw new LearningError(
      'SEQUENCE_AHEAD',
      `after_sequence ${afterSequence} is beyond the ledger, which is at ${head.sequence}: ` +
        'open the stream without it',
    );
  }
  return afterSequence < BigInt(head.compactedThrough) ? 'reset_compacted' : undefined;
}
