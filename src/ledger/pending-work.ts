import { type Place, sameCohort } from '../domain/cohort.ts';
import type { Delta } from '../domain/delta.ts';
import type { Evidence } from '../trial/evidence/evidence.ts';
import { foldReceipt } from '../trial/fold.ts';
import { carryKey } from '../trial/memory/change.ts';
import type { Receipt } from '../trial/receipt.ts';
import { isOfThisFormat, type Trial } from '../trial/trial.ts';
import type { DeltaApplied, LedgerEvent, ObservedBefore, TrialAdvanced } from './event.ts';
import { ignore, type Projection, project } from './projection.ts';

/** A delta applied without a trial, whose effect is being observed. */
export interface Observation extends ObservedBefore {
  readonly deltaId: string;
}

/** An applied delta that a client still has to acknowledge. */
export interface AwaitedAck {
  readonly deltaId: string;
  readonly target: string;
  readonly sequence: number;
  /** By when the client has to, by the loop's time in milliseconds. */
  readonly byMs: number;
}

/** The maximum of effects observed at once; the oldest are given up. */
const MAX_OBSERVATIONS = 64;

/** The maximum of acknowledgements awaited at once: as many as changes are kept for streams. */
const MAX_AWAITED_ACKS = 1024;

/** Evidence that a trial left behind, and the delta whose receipts hold it. */
interface Carried {
  readonly deltaId: string;
  /** `undefined` once a later trial has used up the evidence. */
  readonly evidence: Evidence | undefined;
}

/**
 * Open work on deltas: running trials, evidence for later ones, effects being observed and pending
 * acknowledgements. A fold over the ledger's events. An instance on top of another is an overlay that
 * can be discarded.
 */
export class PendingWork {
  /** Trials that have not ended, those of applied changes included; oldest first. */
  trials: readonly Trial[];
  /** Oldest first. */
  observations: readonly Observation[];
  /** Oldest first. */
  awaitedAcks: readonly AwaitedAck[];
  /** Confirmed deltas whose trial ended with the confirmation (no holdback), until their parameter is set. */
  unprovenConfirmed: readonly (Place & Pick<Delta, 'deltaId'>)[];
  readonly #base: PendingWork | undefined;
  readonly #carried = new Map<string, Carried>();

  constructor(base?: PendingWork) {
    this.#base = base;
    this.trials = base?.trials ?? [];
    this.observations = base?.observations ?? [];
    this.awaitedAcks = base?.awaitedAcks ?? [];
    this.unprovenConfirmed = base?.unprovenConfirmed ?? [];
  }

  /** Evidence that the last trial of a change left, if a later trial may continue from it. */
  carried(change: string): Evidence | undefined {
    const own = this.#carried.get(change);
    return own === undefined ? this.#base?.carried(change) : own.evidence;
  }

  /** @param delta the delta that the event names, if it is known */
  fold(event: LedgerEvent, delta: Delta | undefined): void {
    project(PendingWork.#projection, event, this, delta);
  }

  /** Takes over what an overlay of this instance has folded. */
  merge(overlay: PendingWork): void {
    this.trials = overlay.trials;
    this.observations = overlay.observations;
    this.awaitedAcks = overlay.awaitedAcks;
    this.unprovenConfirmed = overlay.unprovenConfirmed;
    for (const [change, carried] of overlay.#carried) {
      if (carried.evidence === undefined) this.#carried.delete(change);
      else this.#carried.set(change, carried);
    }
  }

  #foldReceipt({ deltaId, receipts, after: folded }: TrialAdvanced, receipt: Receipt): void {
    const { step } = receipt;
    const before = this.trials.find(({ plan }) => plan.deltaId === deltaId);
    if (step.step === 'end' && before !== undefined && isOfThisFormat(before.plan)) {
      this.#carried.set(carryKey(before.plan), { deltaId, evidence: step.carried });
    }
    const isLast = receipt === receipts.at(-1);
    const after = (isLast ? folded : undefined) ?? foldReceipt(before, receipt);
    if (step.step === 'confirm' && before !== undefined && after === undefined) {
      const { target, cohort } = before.plan;
      this.unprovenConfirmed = [...this.unprovenConfirmed, { deltaId, target, cohort }];
    }
    if (before === undefined) this.trials = after ? [...this.trials, after] : this.trials;
    else this.trials = this.trials.flatMap((one) => (one === before ? (after ?? []) : one));
  }

  #foldApplication({ sequence, before, ackByMs }: DeltaApplied, delta: Delta): void {
    const { deltaId, target, cohort, ruleId, revertsDeltaId } = delta;
    this.unprovenConfirmed = this.unprovenConfirmed.filter(
      (one) => one.target !== target || !sameCohort(one.cohort, cohort),
    );
    if (before) {
      this.observations = newest([...this.observations, { deltaId, ...before }], MAX_OBSERVATIONS);
    }
    // A value that an operator sets is not reverted for a missing acknowledgement, not even if it is the awaited one.
    if (ruleId === '' && revertsDeltaId === '' && cohort === undefined) {
      this.awaitedAcks = this.awaitedAcks.filter((awaited) => awaited.target !== target);
    }
    if (typeof ackByMs === 'number') {
      const awaited = { deltaId, target, sequence, byMs: ackByMs };
      this.awaitedAcks = newest([...this.awaitedAcks, awaited], MAX_AWAITED_ACKS);
    }
  }

  /** Forgets a delta that is no longer retained, nor are its receipts. */
  forget(deltaId: string): void {
    this.observations = without(this.observations, deltaId);
    this.awaitedAcks = without(this.awaitedAcks, deltaId);
    this.unprovenConfirmed = without(this.unprovenConfirmed, deltaId);
    for (const [change, carried] of this.#carried) {
      if (carried.deltaId === deltaId) this.#carried.delete(change);
    }
  }

  static readonly #projection: Projection<[work: PendingWork, delta: Delta | undefined]> = {
    trial_advanced(event, work) {
      for (const receipt of event.receipts) work.#foldReceipt(event, receipt);
    },
    delta_applied(event, work, delta) {
      if (delta !== undefined) work.#foldApplication(event, delta);
    },
    delta_acknowledged(event, work) {
      work.awaitedAcks = work.awaitedAcks.filter(({ sequence }) => sequence > event.sequence);
    },
    delta_reverted({ deltaId }, work) {
      work.observations = without(work.observations, deltaId);
      work.awaitedAcks = without(work.awaitedAcks, deltaId);
    },
    delta_observed({ deltaId }, work) {
      work.observations = without(work.observations, deltaId);
    },
    parameters_retired({ names }, work) {
      work.awaitedAcks = work.awaitedAcks.filter(({ target }) => !names.includes(target));
    },
    delta_proposed: ignore,
    delta_rejected: ignore,
    delta_expired: ignore,
    delta_refused: ignore,
    delta_withdrawn: ignore,
    parameters_declared: ignore,
    tasks_recorded: ignore,
    task_ids_kept: ignore,
    metrics_reported: ignore,
    trials_paused: ignore,
    search_advanced: ignore,
    cycle_completed: ignore,
    clock_set: ignore,
  };
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
