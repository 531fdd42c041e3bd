import type { Delta, Proposal } from '../domain/delta.ts';
import type { Value } from '../domain/value.ts';
import type { LedgerEvent } from '../ledger/event.ts';
import type { LedgerView } from '../ledger/view.ts';

/**
 * The events of one decision, numbered as they will stand in the log. It knows what its own events
 * have changed, and nothing happens until the ledger takes them.
 */
export class Changes {
  readonly events: LedgerEvent[] = [];
  readonly #view: LedgerView;
  readonly #nowMs: number;
  readonly #set = new Map<string, Value | undefined>();
  #sequence: number;
  #ordinal: number;

  constructor(view: LedgerView, nowMs: number) {
    this.#view = view;
    this.#nowMs = nowMs;
    this.#sequence = view.head.sequence;
    this.#ordinal = view.head.ordinal;
  }

  /** A parameter's live value after the events so far. */
  valueOf(target: string): Value | undefined {
    if (this.#set.has(target)) return this.#set.get(target);
    const { parameters } = this.#view.head;
    return Object.hasOwn(parameters, target) ? parameters[target] : undefined;
  }

  /** A delta is born; answers it as it stands then. */
  propose(proposal: Proposal): Delta {
    this.#ordinal += 1;
    this.events.push({ kind: 'delta_proposed', ordinal: this.#ordinal, proposal });
    return {
      ...proposal,
      ordinal: this.#ordinal,
      state: 'proposed',
      sequence: 0,
      applyTimeMs: undefined,
      replacedValue: undefined,
    };
  }

  /** Puts a delta in force. */
  apply(delta: Proposal, { holdUntilMs = 0, summary = '' } = {}): void {
    this.#sequence += 1;
    this.events.push({
      kind: 'delta_applied',
      deltaId: delta.deltaId,
      sequence: this.#sequence,
      timeMs: this.#nowMs,
      replacedValue: this.valueOf(delta.target),
      holdUntilMs,
      summary,
    });
    this.#set.set(delta.target, delta.newValue);
  }

  reject(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_rejected', deltaId, timeMs: this.#nowMs, summary });
  }

  expire(deltaId: string): void {
    this.events.push({ kind: 'delta_expired', deltaId, timeMs: this.#nowMs });
  }

  markReverted(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_reverted', deltaId, timeMs: this.#nowMs, summary });
  }
}
