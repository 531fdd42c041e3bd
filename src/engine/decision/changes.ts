import { liveValue, ownValue, type Place, placeName } from '../../domain/cohort.ts';
import { bornApplied, bornDelta, type Delta, type Proposal } from '../../domain/delta.ts';
import type { Value } from '../../domain/value.ts';
import type { DeltaApplied, LedgerEvent } from '../../ledger/event.ts';
import { toWallMs } from '../../ledger/head.ts';
import type { LedgerView } from '../../ledger/view.ts';
import { sampleOf } from '../../trial/observe.ts';
import type { Environment } from './environment.ts';

/** Fields of the event that applies a delta, besides those of the delta. */
type Application = Partial<Omit<DeltaApplied, 'kind' | 'deltaId' | 'sequence' | 'timeMs'>>;

/** Fields of a delta that no rule proposes and that is applied at once. */
type Setting = Pick<
  Proposal,
  'ruleId' | 'type' | 'operation' | 'target' | 'newValue' | 'reasoning'
> &
  Partial<Pick<Proposal, 'cohort' | 'revertsDeltaId' | 'trialDeltaId'>>;

/** Number of tasks before, and after, a change without a trial that its OBSERVED estimate compares. */
export const OBSERVED_TASKS = 30;

/**
 * Collects the events of one decision, with their sequences and ordinals. They take effect when the
 * ledger commits them.
 */
export class Changes {
  readonly events: LedgerEvent[] = [];
  readonly view: LedgerView;
  readonly environment: Environment;
  readonly nowMs: number;
  /** As `nowMs`, in Unix time. */
  readonly wallMs: number;
  /** Values that these events applied, by `placeName`. */
  readonly #values = new Map<string, Value | undefined>();
  readonly #born = new Map<string, Delta>();
  /** Places whose cooldown these events begin, by `placeName`. */
  readonly #cooling = new Set<string>();
  #sequence: number;
  #ordinal: number;

  constructor(view: LedgerView, environment: Environment) {
    this.view = view;
    this.environment = environment;
    this.nowMs = environment.nowMs;
    this.wallMs = toWallMs(view.head, this.nowMs);
    this.#sequence = view.head.sequence;
    this.#ordinal = view.head.ordinal;
  }

  /** Sequence of the newest applied change, these events included. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * Deadline of the acknowledgement of a delta applied now; `null` if there is none, as for one of a cohort: values of
   * cohorts are asked for, and few streams are sent them.
   */
  ackByMs({ cohort }: Place): number | null {
    if (cohort !== undefined) return null;
    const { ackTimeoutSeconds } = this.environment.settings.curation;
    return ackTimeoutSeconds === 0 ? null : this.nowMs + ackTimeoutSeconds * 1000;
  }

  /** The live value at a place, these events included. */
  valueOf(place: Place): Value | undefined {
    const name = placeName(place);
    const { target, cohort } = place;
    if (cohort === undefined) {
      return this.#values.has(name)
        ? this.#values.get(name)
        : liveValue(this.view.head, { target });
    }
    const own = this.#values.has(name) ? this.#values.get(name) : ownValue(this.view.head, place);
    return own ?? this.valueOf({ target });
  }

  /** A retained delta, or one that these events propose. */
  delta(deltaId: string): Delta | undefined {
    return this.view.delta(deltaId) ?? this.#born.get(deltaId);
  }

  /** Proposes a delta; returns it as proposed. */
  propose(fields: Omit<Proposal, 'deltaId'>): Delta {
    const proposal = { deltaId: this.environment.newId(), ...fields };
    this.#ordinal += 1;
    this.events.push({ kind: 'delta_proposed', ordinal: this.#ordinal, proposal });
    const delta = bornDelta(proposal, this.#ordinal);
    this.#born.set(delta.deltaId, delta);
    return delta;
  }

  /** As `propose`, for an override, a revert or a switch: its old value is the live one. */
  proposeSetting({ revertsDeltaId = '', trialDeltaId = '', ...fields }: Setting): Delta {
    const { ruleId, type, operation, target, cohort, newValue, reasoning } = fields;
    return this.propose({
      ruleId,
      type,
      operation,
      target,
      cohort,
      oldValue: this.valueOf({ target, cohort }),
      newValue,
      reasoning,
      ...bornApplied(this.wallMs),
      revertsDeltaId,
      trialDeltaId,
    });
  }

  /** The id of the last delta that these events proposed. */
  lastBorn(): string | undefined {
    return [...this.#born.keys()].at(-1);
  }

  /** Whether these events begin the cooldown of a place. */
  hasCooldownBegun(place: Place): boolean {
    return this.#cooling.has(placeName(place));
  }

  /** Begins the cooldown of a place. */
  startCooldown(place: Place): void {
    this.#cooling.add(placeName(place));
  }

  /** Applies a delta; returns its sequence. */
  apply(delta: Proposal, how: Application = {}): number {
    this.#sequence += 1;
    this.events.push({
      kind: 'delta_applied',
      deltaId: delta.deltaId,
      sequence: this.#sequence,
      timeMs: this.nowMs,
      replacedValue: this.valueOf(delta),
      oldValue: delta.oldValue,
      holdUntilMs: null,
      summary: '',
      before: null,
      ackByMs: null,
      applyTimeMs: this.wallMs,
      ...how,
    });
    this.#values.set(placeName(delta), delta.newValue);
    this.startCooldown(delta);
    return this.#sequence;
  }

  /**
   * As `apply`, for a delta without a trial: its effect is observed over `OBSERVED_TASKS`, unless it is of one cohort,
   * whose tasks come too seldom.
   */
  applyAndObserve(delta: Proposal, how: Application = {}): void {
    if (delta.cohort !== undefined) {
      this.apply(delta, how);
      return;
    }
    const { counters } = this.view.head;
    const sample = sampleOf(this.view.newestTasks(OBSERVED_TASKS));
    this.apply(delta, { before: { tasksRecorded: counters.tasksRecorded, sample }, ...how });
  }

  reject(deltaId: string, summary: string): void {
    const born = this.#born.get(deltaId);
    if (born !== undefined) this.startCooldown(born);
    this.events.push({ kind: 'delta_rejected', deltaId, timeMs: this.nowMs, summary });
  }

  expire(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_expired', deltaId, timeMs: this.nowMs, summary });
  }

  markReverted(deltaId: string, summary: string): void {
    this.events.push({ kind: 'delta_reverted', deltaId, timeMs: this.nowMs, summary });
  }
}
