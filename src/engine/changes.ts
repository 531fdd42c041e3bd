import { bornDelta, type Delta, type Proposal } from '../domain/delta.ts';
import { own, type Value } from '../domain/value.ts';
import type { DeltaApplied, LedgerEvent } from '../ledger/event.ts';
import { toWallMs } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { sampleOf } from '../trial/observe.ts';

/** Fields of an application besides those of the delta. */
type Application = Partial<Omit<DeltaApplied, 'kind' | 'deltaId' | 'sequence' | 'timeMs'>>;

/** Tasks before, and after, a change without a trial, for its OBSERVED estimate. */
export const OBSERVED_TASKS = 30;

/**
 * Collects the events of one decision, with their sequences and ordinals. They take effect when the
 * ledger commits them.
 */
export class Changes {
  readonly events: LedgerEvent[] = [];
  readonly #view: LedgerView;
  readonly nowMs: number;
  /** As `nowMs`, in Unix time. */
  readonly wallMs: number;
  /** Values that these events put in force, by parameter. */
  readonly #values = new Map<string, Value | undefined>();
  readonly #born = new Map<string, Delta>();
  /** Parameters that these events touch. */
  readonly #touched = new Set<string>();
  #sequence: number;
  #ordinal: number;

  constructor(view: LedgerView, nowMs: number) {
    this.#view = view;
    this.nowMs = nowMs;
    this.wallMs = toWallMs(view.head, nowMs);
    this.#sequence = view.head.sequence;
    this.#ordinal = view.head.ordinal;
  }

  /** Newest change in force, these events included. */
  get sequence(): number {
    return this.#sequence;
  }

  /** A parameter's live value, these events included. */
  valueOf(target: string): Value | undefined {
    return this.#values.has(target)
      ? this.#values.get(target)
      : own(this.#view.head.parameters, target);
  }

  /** Proposes a delta; answers it as it is then. */
  propose(proposal: Proposal): Delta {
    this.#ordinal += 1;
    this.events.push({ kind: 'delta_proposed', ordinal: this.#ordinal, proposal });
    const delta = bornDelta(proposal, this.#ordinal);
    this.#born.set(delta.deltaId, delta);
    return delta;
  }

  /** The id of the last delta that these events proposed. */
  lastBorn(): string | undefined {
    return [...this.#born.keys()].at(-1);
  }

  /** A delta that these events proposed. */
  born(deltaId: string): Delta | undefined {
    return this.#born.get(deltaId);
  }

  /** Whether these events touch a parameter, so that its cooldown begins. */
  isTouched(target: string): boolean {
    return this.#touched.has(target);
  }

  /** Begins the cooldown of a parameter. */
  touch(target: string): void {
    this.#touched.add(target);
  }

  /** Puts a delta in force; answers its sequence. */
  apply(delta: Proposal, how: Application = {}): number {
    this.#sequence += 1;
    this.events.push({
      kind: 'delta_applied',
      deltaId: delta.deltaId,
      sequence: this.#sequence,
      timeMs: this.nowMs,
      replacedValue: this.valueOf(delta.target),
      oldValue: delta.oldValue,
      holdUntilMs: null,
      summary: '',
      before: null,
      ackByMs: null,
      applyTimeMs: this.wallMs,
      ...how,
    });
    this.#values.set(delta.target, delta.newValue);
    this.touch(delta.target);
    return this.#sequence;
  }

  /** As `apply`, for a delta without a trial: its effect is observed over `OBSERVED_TASKS`. */
  applyObserved(delta: Proposal, how: Application = {}): void {
    const { counters } = this.#view.head;
    const sample = sampleOf(this.#view.newestTasks(OBSERVED_TASKS));
    this.apply(delta, { before: { tasksRecorded: counters.tasksRecorded, sample }, ...how });
  }

  reject(deltaId: string, summary: string): void {
    const delta = this.#born.get(deltaId);
    if (delta !== undefined) this.touch(delta.target);
    this.events.push({ kind: 'delta_rejected', deltaId, timeMs: this.nowMs, summary });
  }

  expire(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_expired', deltaId, timeMs: this.nowMs, summary });
  }

  markReverted(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_reverted', deltaId, timeMs: this.nowMs, summary });
  }
}
