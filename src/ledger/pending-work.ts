import type { Delta } from '../domain/delta.ts';
import { carryKey } from '../trial/change.ts';
import type { Evidence } from '../trial/evidence/evidence.ts';
import { foldReceipt } from '../trial/fold.ts';
import type { Receipt } from '../trial/receipt.ts';
import { isOfThisFormat, type Trial } from '../trial/trial.ts';
import type { DeltaApplied, LedgerEvent, ObservedBefore } from './event.ts';

/** A delta put in force without a trial, whose effect is being observed. */
export interface Observation extends ObservedBefore {
  readonly deltaId: string;
}

/** A delta in force that no client has acknowledged yet, and must. */
export interface AwaitedAck {
  readonly deltaId: string;
  readonly target: string;
  readonly sequence: number;
  /** By the loop's time. */
  readonly byMs: number;
}

/** Effects observed at once; of more, the oldest are given up. */
const MAX_OBSERVATIONS = 64;

/** Acknowledgements awaited at once: as many as changes are kept for streams. */
const MAX_AWAITED_ACKS = 1024;

/** Evidence that a trial left behind, and the delta whose receipts hold it. */
interface Carried {
  readonly deltaId: string;
  /** `undefined`: a later trial has used it up. */
  readonly evidence: Evidence | undefined;
}

/**
 * Open work on deltas: running trials, evidence for later ones, effects being observed and pending
 * acknowledgements. A fold over the ledger's events. An instance on top of another is an overlay that
 * can be discarded.
 */
export class FollowUps {
  /** Oldest first. */
  trials: readonly Trial[];
  observations: readonly Observation[];
  awaitedAcks: readonly AwaitedAck[];
  /** Confirmed deltas of which no trial goes on, until their parameter is set. */
  unheld: readonly Pick<Delta, 'deltaId' | 'target'>[];
  readonly #base: FollowUps | undefined;
  readonly #carried = new Map<string, Carried>();

  constructor(base?: FollowUps) {
    this.#base = base;
    this.trials = base?.trials ?? [];
    this.observations = base?.observations ?? [];
    this.awaitedAcks = base?.awaitedAcks ?? [];
    this.unheld = base?.unheld ?? [];
  }

  carried(change: string): Evidence | undefined {
    const own = this.#carried.get(change);
    return own === undefined ? this.#base?.carried(change) : own.evidence;
  }

  /** @param delta the one that the event names; `undefined`: it names none, or is not known */
  fold(event: LedgerEvent, delta: Delta | undefined): void {
    switch (event.kind) {
      case 'trial_advanced':
        for (const receipt of event.receipts) this.#foldReceipt(event.deltaId, receipt);
        break;
      case 'delta_applied':
        if (delta !== undefined) this.#foldApplication(event, delta);
        break;
      case 'parameters_retired':
        this.awaitedAcks = this.awaitedAcks.filter(({ target }) => !event.names.includes(target));
        break;
      case 'delta_acknowledged':
        this.awaitedAcks = this.awaitedAcks.filter(({ sequence }) => sequence > event.sequence);
        break;
      case 'delta_reverted':
        this.observations = without(this.observations, event.deltaId);
        this.awaitedAcks = without(this.awaitedAcks, event.deltaId);
        break;
      case 'delta_observed':
        this.observations = without(this.observations, event.deltaId);
        break;
      default:
    }
  }

  /** Takes over what an overlay of this one has folded. */
  merge(overlay: FollowUps): void {
    this.trials = overlay.trials;
    this.observations = overlay.observations;
    this.awaitedAcks = overlay.awaitedAcks;
    this.unheld = overlay.unheld;
    for (const [change, carried] of overlay.#carried) {
      if (carried.evidence === undefined) this.#carried.delete(change);
      else this.#carried.set(change, carried);
    }
  }

  #foldReceipt(deltaId: string, receipt: Receipt): void {
    const { step } = receipt;
    const before = this.trials.find(({ plan }) => plan.deltaId === deltaId);
    if (step.step === 'end' && before !== undefined && isOfThisFormat(before.plan)) {
      this.#carried.set(carryKey(before.plan), { deltaId, evidence: step.carried });
    }
    const after = foldReceipt(before, receipt);
    if (step.step === 'confirm' && before !== undefined && after === undefined) {
      this.unheld = [...this.unheld, { deltaId, target: before.plan.target }];
    }
    if (before === undefined) this.trials = after ? [...this.trials, after] : this.trials;
    else this.trials = this.trials.flatMap((one) => (one === before ? (after ?? []) : one));
  }

  #foldApplication({ sequence, before, ackByMs }: DeltaApplied, delta: Delta): void {
    const { deltaId, target, ruleId, revertsDeltaId } = delta;
    this.unheld = this.unheld.filter((one) => one.target !== target);
    if (before) {
      this.observations = newest([...this.observations, { deltaId, ...before }], MAX_OBSERVATIONS);
    }
    // What an operator has set stands, even where it is the very value that was to be acknowledged.
    if (ruleId === '' && revertsDeltaId === '') {
      this.awaitedAcks = this.awaitedAcks.filter((awaited) => awaited.target !== target);
    }
    if (typeof ackByMs === 'number') {
      const awaited = { deltaId, target, sequence, byMs: ackByMs };
      this.awaitedAcks = newest([...this.awaitedAcks, awaited], MAX_AWAITED_ACKS);
    }
  }

  /** A delta is no longer retained, nor are its receipts. */
  forget(deltaId: string): void {
    this.observations = without(this.observations, deltaId);
    this.awaitedAcks = without(this.awaitedAcks, deltaId);
    this.unheld = without(this.unheld, deltaId);
    for (const [change, carried] of this.#carried) {
      if (carried.deltaId === deltaId) this.#carried.delete(change);
    }
  }
}

function newest<T>(items: readonly T[], count: number): readonly T[] {
  return items.slice(-count);
}

function without<T extends { readonly deltaId: string }>(
  items: readonly T[],
  deltaId: string,
): readonly T[] {
  return items.some((item) => item.deltaId === deltaId)
    ? items.filter((item) => item.deltaId !== deltaId)
    : items;
}
