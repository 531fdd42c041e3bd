import type { Delta } from '../domain/delta.ts';
import type { Task } from '../domain/task.ts';
import type { Evidence } from '../trial/evidence.ts';
import type { Trial } from '../trial/trial.ts';
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
  /** The trial that is on. */
  readonly trial: Trial | undefined;
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
  /** The highest sequence that a client has acknowledged; 0: none. */
  acknowledged(clientId: string): number;
}
