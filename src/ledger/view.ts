import { type Cohort, overlap, type Place } from '../domain/cohort.ts';
import type { Delta } from '../domain/delta.ts';
import type { MetricsReport } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import { own } from '../domain/value.ts';
import { isOnTrial } from '../trial/standing.ts';
import type { Trial } from '../trial/trial.ts';
import type { Head } from './head.ts';
import type { PendingWork } from './pending-work.ts';

/** What a decision sees: the committed state, and what the same commit has added so far. */
export interface LedgerView {
  readonly head: Readonly<Head>;
  /** Whether a task id is among the newest `recording.dedup_window` ids. */
  hasTaskId(taskId: string): boolean;
  /** A retained delta. */
  delta(deltaId: string): Delta | undefined;
  /** Deltas that wait for a person or a trial, oldest first. */
  pending(): Iterable<Delta>;
  /** The open trials, those of applied changes included; oldest first. */
  readonly trials: readonly Trial[];
  /** Open work on deltas. */
  readonly pendingWork: Pick<PendingWork, 'observations' | 'awaitedAcks' | 'carried'>;
  /** Tasks retained. */
  readonly taskCount: number;
  /** The newest retained tasks, at most `count`, oldest first. */
  newestTasks(count: number): readonly Task[];
  /** A client's newest report of metrics, or that of the clients without a name. */
  metricsOf(clientId: string | undefined): MetricsReport | undefined;
  /** The newest report of metrics of each client. */
  metricsReports(): Iterable<MetricsReport>;
  /** The highest sequence that a client has acknowledged; 0 if none. */
  acknowledged(clientId: string): number;
  /** The clients that have acknowledged this sequence or a higher one. */
  clientsBeyond(sequence: number): Iterable<string>;
}

/** The first trial of a value that is not live; later such trials only wait for late reports. */
export function trialOn({ trials }: Pick<LedgerView, 'trials'>): Trial | undefined {
  return trials.find(isOnTrial);
}

/** The open trial of a delta. */
export function trialOf(
  { trials }: Pick<LedgerView, 'trials'>,
  deltaId: string,
): Trial | undefined {
  return trials.find(({ plan }) => plan.deltaId === deltaId);
}

/** The open trials whose tasks may belong to a place. */
export function trialsOn({ trials }: Pick<LedgerView, 'trials'>, place: Place): Trial[] {
  return trials.filter(({ plan }) => overlap(plan, place));
}

/** The newest retained tasks of a cohort, or of all: at most `count`, oldest first. */
export function newestOf(
  view: Pick<LedgerView, 'newestTasks'>,
  count: number,
  cohort: Cohort | undefined,
): readonly Task[] {
  if (cohort === undefined) return view.newestTasks(count);
  const { label, value } = cohort;
  const all = view.newestTasks(Number.POSITIVE_INFINITY);
  return all.filter(({ labels }) => own(labels, label) === value).slice(-count);
}
