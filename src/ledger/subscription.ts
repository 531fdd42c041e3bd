import type { Delta, DeltaType } from '../domain/delta.ts';
import { LearningError } from '../domain/errors.ts';
import type { Parameters } from '../domain/value.ts';
import type { LedgerState } from './state.ts';

/** Why a reader is given a snapshot. */
export type SnapshotOutcome = 'initial' | 'reset_epoch' | 'reset_compacted' | 'reset_slow';

/** What a reader is to be told next. */
export type FeedItem =
  | {
      readonly kind: 'snapshot';
      readonly sequence: number;
      readonly outcome: SnapshotOutcome;
      readonly parameters: Parameters;
    }
  | { readonly kind: 'delta'; readonly sequence: number; readonly delta: Delta };

export interface SubscriptionRequest {
  /** The epoch that `afterSequence` belongs to; empty matches any. */
  readonly epoch: string;
  /** `undefined`: start with a snapshot. */
  readonly afterSequence: bigint | undefined;
  /** Empty: all. */
  readonly types: readonly DeltaType[];
}

/**
 * Live changes that a reader may fall behind by, unless they are younger than `MAX_LAG_MS`: a burst
 * makes nobody slow. Past both, what it missed is cheaper told as one snapshot, and surely wanted
 * so. What it asked to have repeated does not count.
 */
export const MAX_BACKLOG = 256;
export const MAX_LAG_MS = 1000;

/**
 * One reader's place in the log of changes. It holds no messages: it reads them from the ledger's
 * state when the reader can take one, so a slow reader costs nothing.
 */
export class Subscription {
  readonly #state: LedgerState;
  readonly #types: ReadonlySet<DeltaType>;
  #sequence: number;
  /** What had happened when the reader came: owed in full, however slowly it reads. */
  readonly #owed: number;
  #snapshotDue: SnapshotOutcome | undefined;

  /** Throws `SEQUENCE_AHEAD` where `afterSequence` is beyond the ledger. */
  constructor(state: LedgerState, request: SubscriptionRequest) {
    const { head } = state;
    this.#state = state;
    this.#types = new Set(request.types);
    this.#owed = head.sequence;
    this.#sequence = head.sequence;
    this.#snapshotDue = openingOutcome(state, request);
    if (this.#snapshotDue === undefined) this.#sequence = Number(request.afterSequence);
  }

  /** How far the reader has read: what it was told, and what it did not want to be told. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * The next message, or `undefined` where the reader has all there is.
   *
   * @param nowMs the loop's time
   */
  next(nowMs: number): FeedItem | undefined {
    const { head } = this.#state;
    const outcome = this.#snapshotDue ?? (this.#isTooSlow(nowMs) ? 'reset_slow' : undefined);
    if (outcome !== undefined) {
      this.#snapshotDue = undefined;
      this.#sequence = head.sequence;
      return { kind: 'snapshot', sequence: head.sequence, outcome, parameters: head.parameters };
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
    // What was owed to it has been forgotten meanwhile.
    if (this.#state.appliedAt(this.#sequence + 1) === undefined) return true;
    const from = Math.max(this.#sequence, this.#owed);
    if (head.sequence - from <= MAX_BACKLOG) return false;
    const appliedMs = this.#state.appliedAt(from + 1)?.appliedMs ?? 0;
    return nowMs - appliedMs > MAX_LAG_MS;
  }

  /** A delta without a type concerns everyone. */
  #wants(delta: Delta): boolean {
    return this.#types.size === 0 || delta.type === undefined || this.#types.has(delta.type);
  }
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
