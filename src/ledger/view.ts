import type { Delta } from '../domain/delta.ts';
import type { MetricsReport } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { Evidence } from '../trial/evidence/evidence.ts';
import { isOnTrial, type Trial } from '../trial/trial.ts';
import type { Head } from './head.ts';
import type { AwaitedAck, Observation } from './pending-work.ts';

/** What a decision may look at: the committed state and what the same commit has added so far. */
export interface LedgerView {
  readonly head: Readonly<Head>;
  /** Whether an id is among the newest `recording.dedup_window` ones. */
  hasTaskId(taskId: string): boolean;
  /** A retained delta. */
  delta(deltaId: string): Delta | undefined;
  /** Deltas that wait for a person or a trial, oldest first. */
  pending(): Iterable<Delta>;
  /** Every trial that goes on, those of changes in force included; oldest first. */
  readonly trials: readonly Trial[];
  /** Evidence that the last trial of a change ended with, where a later one may go on from it. */
  carriedEvidence(change: string): Evidence | undefined;
  /** Deltas put in force without a trial, whose effect is being observed; oldest first. */
  observations(): readonly Observation[];
  /** Deltas in force that a client has still to acknowledge, oldest first. */
  awaitedAcks(): readonly AwaitedAck[];
  /** Tasks retained. */
  readonly taskCount: number;
  /** The newest retained tasks, at most `count`, oldest first. */
  newestTasks(count: number): readonly Task[];
  /** A client's newest report of metrics; `undefined` as a name: whoever reports without one. */
  metricsOf(clientId: string | undefined): MetricsReport | undefined;
  /** The newest report of metrics of each client. */
  metricsReports(): Iterable<MetricsReport>;
  /** The highest sequence that a client has acknowledged; 0: none. */
  acknowledged(clientId: string): number;
  /** The clients that have acknowledged this sequence or a higher one. */
  clientsBeyond(sequence: number): Iterable<string>;
}

/** A trial of a value that is not in force; all but one only wait for late reports. */
export function trialOn({ trials }: Pick<LedgerView, 'trials'>): Trial | undefined {
  return trials.find(isOnTrial);
}

/** What is proven of a delta; `undefined`: nothing is any more, or not yet. */
export function trialOf(
  { trials }: Pick<LedgerView, 'trials'>,
  deltaId: string,
): Trial | undefined {
  return trials.find(({ plan }) => plan.deltaId === deltaId);
}

/** What is proven of a parameter's value, a trial that is on before what is in force. */
export function trialsOn({ trials }: Pick<LedgerView, 'trials'>, target: string): Trial[] {
  return trials.filter(({ plan }) => plan.target === target);
}
