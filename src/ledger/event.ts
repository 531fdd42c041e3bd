import type { CycleRecord } from '../domain/cycle.ts';
import type { Proposal } from '../domain/delta.ts';
import type { DeltaEffect } from '../domain/effect.ts';
import type { CoordinationMetrics } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { Parameters, Value } from '../domain/value.ts';
import type { SearchState } from '../search/state.ts';
import type { Sample } from '../trial/observe.ts';
import type { Receipt } from '../trial/receipt.ts';
import type { Trial } from '../trial/trial.ts';

/**
 * Something that happened. The numbers in an event are final: folding the event twice gives the same state. `timeMs`,
 * and what is derived from it, is the loop's time in milliseconds, which never jumps: see `ClockSet`.
 */
export type LedgerEvent =
  | ParametersDeclared
  | ParametersRetired
  | TasksRecorded
  | TaskIdsKept
  | MetricsReported
  | DeltaProposed
  | DeltaApplied
  | DeltaEnded<'delta_rejected'>
  | DeltaEnded<'delta_expired'>
  | DeltaEnded<'delta_reverted'>
  | DeltaRefused
  | DeltaWithdrawn
  | DeltaObserved
  | TrialAdvanced
  | TrialsPaused
  | SearchAdvanced
  | DeltaAcknowledged
  | CycleCompleted
  | ClockSet;

/** Parameters that the ledger did not know, or that had left the config, were given their initial values. */
export interface ParametersDeclared {
  readonly kind: 'parameters_declared';
  readonly timeMs: number;
  readonly parameters: Parameters;
}

/** Parameters left the config. Deltas before this event, in the same commit, removed those that had a value. */
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

/** Replaces events of tasks that are no longer retained: tasks sent again are recognised by these ids. */
export interface TaskIdsKept {
  readonly kind: 'task_ids_kept';
  /** In the order in which the tasks were recorded. */
  readonly taskIds: readonly string[];
}

/** Coordination metrics of a client replaced its former ones. */
export interface MetricsReported {
  readonly kind: 'metrics_reported';
  readonly timeMs: number;
  readonly metrics: CoordinationMetrics;
}

/** A delta was created: by a cycle, or as an override, a revert or a switch of a trial. */
export interface DeltaProposed {
  readonly kind: 'delta_proposed';
  /** Its number among all deltas: 1, 2, 3 … */
  readonly ordinal: number;
  readonly proposal: Proposal;
}

/** A delta was applied. */
export interface DeltaApplied {
  readonly kind: 'delta_applied';
  readonly deltaId: string;
  /** Its number among the changes applied: 1, 2, 3 … */
  readonly sequence: number;
  readonly timeMs: number;
  /** The live value that the delta replaced, if there was one. */
  readonly replacedValue: Value | undefined;
  /** The delta's `oldValue` from now on. */
  readonly oldValue: Value | undefined;
  /** Rules do not change the target until this time; 0 ends a former hold, `null` leaves it. */
  readonly holdUntilMs: number | null;
  /** Who decided that the delta is applied, or why it is not compared; otherwise empty. */
  readonly summary: string;
  /** A sample of the tasks before the delta, if its effect is to be observed. */
  readonly before: ObservedBefore | null;
  /** By when a client must have acknowledged the delta; `null` if none needs to. */
  readonly ackByMs: number | null;
  /** Unix time in milliseconds. Older releases left it out: their `timeMs` is Unix time. */
  readonly applyTimeMs?: number;
}

/** What the tasks after an application without a trial are compared with. */
export interface ObservedBefore {
  /** Tasks ever recorded when the delta was applied. */
  readonly tasksRecorded: number;
  readonly sample: Sample;
}

/** The effect of a delta that was applied without a trial has been observed long enough. */
export interface DeltaObserved {
  readonly kind: 'delta_observed';
  readonly deltaId: string;
  readonly timeMs: number;
  readonly effect: DeltaEffect;
  readonly summary: string;
}

/** A proposal was rejected or has expired, or a delta's former value was restored by another delta. */
export interface DeltaEnded<K extends 'delta_rejected' | 'delta_expired' | 'delta_reverted'> {
  readonly kind: K;
  readonly deltaId: string;
  readonly timeMs: number;
  readonly summary: string;
}

/** A client refused a delta. */
export interface DeltaRefused {
  readonly kind: 'delta_refused';
  /** The refused delta, or the delta on trial if the client refused a switch. */
  readonly deltaId: string;
  readonly timeMs: number;
  readonly clientId: string;
  readonly reason: string;
  readonly message: string;
  /** The numbers of clients that refuse the delta by then, and of clients that a majority is counted among. */
  readonly refusedBy: number;
  readonly clients: number;
  /** Whether the delta stays, or the events after this one revert it. */
  readonly outcome: 'stays' | 'taken_back';
}

/** An operator reverts a rule's change by the events after this one. The change then rests as after a refusal. */
export interface DeltaWithdrawn {
  readonly kind: 'delta_withdrawn';
  readonly deltaId: string;
  readonly timeMs: number;
}

/** The trial of a delta took some steps; the first step begins it, and the last one ends it. */
export interface TrialAdvanced {
  readonly kind: 'trial_advanced';
  readonly deltaId: string;
  readonly receipts: readonly Receipt[];
  /**
   * The trial after the receipts, as the decision has folded it; not stored. Absent or `undefined` if the trial is
   * over, or has to be folded from the receipts.
   */
  readonly after?: Trial | undefined;
}

/** All trials were paused, by an operator or after harm, or resumed. */
export interface TrialsPaused {
  readonly kind: 'trials_paused';
  readonly timeMs: number;
  readonly paused: boolean;
}

/**
 * The search for a parameter's value began, began a round, or took over a value that somebody else has set. The ends of
 * its trials advance it without an event of their own.
 */
export interface SearchAdvanced {
  readonly kind: 'search_advanced';
  readonly timeMs: number;
  readonly target: string;
  /** `null`: the config searches for the value no more. */
  readonly state: SearchState | null;
}

/** A client has applied a delta, and all deltas before it. */
export interface DeltaAcknowledged {
  readonly kind: 'delta_acknowledged';
  readonly clientId: string;
  /** The sequence of the delta. */
  readonly sequence: number;
  readonly timeMs: number;
}

/** A cycle ended; its deltas' events come before this one, in the same commit. */
export interface CycleCompleted {
  readonly kind: 'cycle_completed';
  readonly cycle: CycleRecord;
  /** Left out by older releases. */
  readonly timeMs?: number;
}

/** The wall clock has jumped: from now on, times are shown with this offset. */
export interface ClockSet {
  readonly kind: 'clock_set';
  readonly timeMs: number;
  /** Unix time less the loop's. */
  readonly offsetMs: number;
}

/** An event with its number in the log: 1, 2, 3 … */
export interface StoredEvent {
  readonly position: number;
  readonly event: LedgerEvent;
}
