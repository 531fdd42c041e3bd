import { bornDelta, type Delta, type Proposal } from '../domain/delta.ts';
import { own, type Value } from '../domain/value.ts';
import type { DeltaApplied, LedgerEvent } from '../ledger/event.ts';
import { toWallMs } from '../ledger/head.ts';
import type { LedgerView } from '../ledger/view.ts';
import { sampleOf } from '../trial/observe.ts';

/** What is said of an application beside what is in the delta. */
type Application = Partial<Omit<DeltaApplied, 'kind' | 'deltaId' | 'sequence' | 'timeMs'>>;

/** Tasks before and after a change that is not tried, which are compared. */
export const OBSERVED_TASKS = 30;

/**
 * The events of one decision, numbered as they will stand in the log. Nothing happens until the
 * ledger takes them.
 */
export class Changes {
  readonly events: LedgerEvent[] = [];
  readonly #view: LedgerView;
  readonly nowMs: number;
  /** As `nowMs`, in Unix time. */
  readonly wallMs: number;
  /** Values that these events put in force. */
  readonly #values = new Map<string, Value | undefined>();
  readonly #born = new Map<string, Delta>();
  /** Parameters that these events make rest. */
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

  /** A delta is born; answers it as it stands then. */
  propose(proposal: Proposal): Delta {
    this.#ordinal += 1;
    this.events.push({ kind: 'delta_proposed', ordinal: this.#ordinal, proposal });
    const delta = bornDelta(proposal, this.#ordinal);
    this.#born.set(delta.deltaId, delta);
    return delta;
  }

  /** The id of the newest delta that was born here. */
  lastBorn(): string | undefined {
    return [...this.#born.keys()].at(-1);
  }

  /** A delta that was born here. */
  born(deltaId: string): Delta | undefined {
    return this.#born.get(deltaId);
  }

  /** Whether these events touch a parameter: it rests from now on. */
  isTouched(target: string): boolean {
    return this.#touched.has(target);
  }

  /** These events end a trial of a parameter. */
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

  /**
   * As `apply`, for what nobody has tried: the tasks that follow will be compared with the newest
   * `OBSERVED_TASKS` ones.
   */
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
