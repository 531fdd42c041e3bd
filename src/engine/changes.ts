import { bornDelta, type Delta, type Proposal } from '../domain/delta.ts';
import { own, type Value } from '../domain/value.ts';
import type { DeltaApplied, LedgerEvent } from '../ledger/event.ts';
import type { LedgerView } from '../ledger/view.ts';

/** What is said of an application beside what is in the delta. */
type Application = Partial<Pick<DeltaApplied, 'oldValue' | 'holdUntilMs' | 'summary'>>;

/**
 * The events of one decision, numbered as they will stand in the log. A decision puts at most one
 * delta for a parameter in force. Nothing happens until the ledger takes the events.
 */
export class Changes {
  readonly events: LedgerEvent[] = [];
  readonly #view: LedgerView;
  readonly #nowMs: number;
  #sequence: number;
  #ordinal: number;

  constructor(view: LedgerView, nowMs: number) {
    this.#view = view;
    this.#nowMs = nowMs;
    this.#sequence = view.head.sequence;
    this.#ordinal = view.head.ordinal;
  }

  /** A parameter's live value before these events. */
  valueOf(target: string): Value | undefined {
    return own(this.#view.head.parameters, target);
  }

  /** A delta is born; answers it as it stands then. */
  propose(proposal: Proposal): Delta {
    this.#ordinal += 1;
    this.events.push({ kind: 'delta_proposed', ordinal: this.#ordinal, proposal });
    return bornDelta(proposal, this.#ordinal);
  }

  /** Puts a delta in force. */
  apply(delta: Proposal, how: Application = {}): void {
    this.#sequence += 1;
    this.events.push({
      kind: 'delta_applied',
      deltaId: delta.deltaId,
      sequence: this.#sequence,
      timeMs: this.#nowMs,
      replacedValue: this.valueOf(delta.target),
      oldValue: delta.oldValue,
      holdUntilMs: null,
      summary: '',
      ...how,
    });
  }

  reject(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_rejected', deltaId, timeMs: this.#nowMs, summary });
  }

  expire(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_expired', deltaId, timeMs: this.#nowMs, summary });
  }

  markReverted(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_reverted', deltaId, timeMs: this.#nowMs, summary });
  }
}
