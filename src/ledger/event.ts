import type { CycleRecord } from '../domain/cycle.ts';
import type { Proposal } from '../domain/delta.ts';
import type { DeltaEffect } from '../domain/effect.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { Parameters, Value } from '../domain/value.ts';
import type { Sample } from '../trial/observe.ts';
import type { Receipt } from '../trial/receipt.ts';

/**
 * Something that happened. Numbers in it are final: folding an event twice gives the same state.
 * `timeMs`, and what is reckoned from it, is the loop's time, in milliseconds: Unix time, but that it
 * never jumps. `ClockSet` says what people and clients are told instead.
 */
export type LedgerEvent =
  | ParametersDeclared
  | ParametersRetired
  | TasksRecorded
  | TaskIdsKept
  | MetricsReported
  | DeltaEvent
  | TrialAdvanced
  | TrialsPaused
  | DeltaAcknowledged
  | CycleCompleted
  | ClockSet;

/** Parameters that the ledger did not know, or that had left the config, were given their initial values. */
export interface ParametersDeclared {
  readonly kind: 'parameters_declared';
  readonly timeMs: number;
  readonly parameters: Parameters;
}

/**
 * Parameters left the config. Those that had a value were taken away by deltas before this event, in the
 * same commit.
 */
export interface ParametersRetired {
  readonly kind: 'parameters_retired';
  readonly timeMs: number;
  readonly names: readonly string[];
}

/** Tasks were recorded; none of their ids was known. */
export interface TasksRecorded {
  readonly kind: 'tasks_recorded';
  readonly tasks: readonly Task[];
}

/** In place of events of tasks that are not retained any more: by their ids they are recognised when sent again. */
export interface TaskIdsKept {
  readonly kind: 'task_ids_kept';
  /** In the order in which they were recorded. */
  readonly taskIds: readonly string[];
}

/** Coordination metrics replaced the former ones of the same client. */
export interface MetricsReported {
  readonly kind: 'metrics_reported';
  readonly timeMs: number;
  readonly metrics: CoordinationMetrics;
}

/** A delta was born: by a cycle, or as an override or a revert. */
export interface DeltaProposed {
  readonly kind: 'delta_proposed';
  /** Its place among all deltas: 1, 2, 3 … */
  readonly ordinal: number;
  readonly proposal: Proposal;
}

/** A delta was put in force. */
export interface DeltaApplied {
  readonly kind: 'delta_applied';
  readonly deltaId: string;
  /** Its place among the changes put in force: 1, 2, 3 … */
  readonly sequence: number;
  readonly timeMs: number;
  /** The live value that it replaced; `undefined`: there was none. */
  readonly replacedValue: Value | undefined;
  /** The value before, as the delta is to tell it. */
  readonly oldValue: Value | undefined;
  /** Rules leave the target alone until then; 0: no hold. `null`: the hold there is stays. */
  readonly holdUntilMs: number | null;
  /** Who decided it, where that was not the loop; empty otherwise. */
  readonly summary: string;
  /** What the tasks before it were like, where its effect is to be observed. */
  readonly before: ObservedBefore | null;
  /** By when a client must have acknowledged it; `null`: none need. */
  readonly ackByMs: number | null;
  /** Unix time in milliseconds. Left out by older releases: `timeMs` is. */
  readonly applyTimeMs?: number;
}

/** What an application is compared with. */
export interface ObservedBefore {
  /** Tasks ever recorded then. */
  readonly tasksRecorded: number;
  readonly sample: Sample;
}

/** A delta that was put in force without a trial has been observed long enough. */
export interface DeltaObserved {
  readonly kind: 'delta_observed';
  readonly deltaId: string;
  readonly timeMs: number;
  readonly effect: DeltaEffect;
  readonly summary: string;
}

/** A proposal was turned down. */
export interface DeltaRejected {
  readonly kind: 'delta_rejected';
  readonly deltaId: string;
  readonly timeMs: number;
  readonly summary: string;
}

/** A proposal waited too long. */
export interface DeltaExpired {
  readonly kind: 'delta_expired';
  readonly deltaId: string;
  readonly timeMs: number;
  readonly summary: string;
}

/** A delta's former value was restored, by another delta. */
export interface DeltaReverted {
  readonly kind: 'delta_reverted';
  readonly deltaId: string;
  readonly timeMs: number;
  readonly summary: string;
}

/** A client refused a delta. */
export interface DeltaRefused {
  readonly kind: 'delta_refused';
  /** Of a switch: the delta on trial. */
  readonly deltaId: string;
  readonly timeMs: number;
  readonly clientId: string;
  readonly reason: string;
  readonly message: string;
  /** Clients that refuse it by then, and among how many a majority was counted. */
  readonly refusedBy: number;
  readonly clients: number;
  /** It stays, or the events after this one take it back. */
  readonly outcome: 'stays' | 'taken_back';
}

/** An operator takes a rule's change back: it rests, as after a refusal. The events after this one do it. */
export interface DeltaWithdrawn {
  readonly kind: 'delta_withdrawn';
  readonly deltaId: string;
  readonly timeMs: number;
}

/** The trial of a delta went on by some steps; its first one begins it, its last one ends it. */
export interface TrialAdvanced {
  readonly kind: 'trial_advanced';
  readonly deltaId: string;
  readonly receipts: readonly Receipt[];
}

/** All trials were paused, by an operator or after harm, or resumed. */
export interface TrialsPaused {
  readonly kind: 'trials_paused';
  readonly timeMs: number;
  readonly paused: boolean;
}

/** A client has put a delta in force. */
export interface DeltaAcknowledged {
  readonly kind: 'delta_acknowledged';
  readonly clientId: string;
  /** The delta's. */
  readonly sequence: number;
  readonly timeMs: number;
}

/** A cycle ended; its deltas' events stand before this one, in the same commit. */
export interface CycleCompleted {
  readonly kind: 'cycle_completed';
  readonly cycle: CycleRecord;
  /** Left out by older releases. */
  readonly timeMs?: number;
}

/** The wall clock was found to have jumped, and what is to be told from now on. */
export interface ClockSet {
  readonly kind: 'clock_set';
  readonly timeMs: number;
  /** Unix time less the loop's. */
  readonly offsetMs: number;
}

/** What happens to a delta. */
export type DeltaEvent =
  | DeltaProposed
  | DeltaApplied
  | DeltaRejected
  | DeltaExpired
  | DeltaReverted
  | DeltaRefused
  | DeltaWithdrawn
  | DeltaObserved;

/** An event at its place in the log: 1, 2, 3 … */
export interface StoredEvent {
  readonly position: number;
  readonly event: LedgerEvent;
}
