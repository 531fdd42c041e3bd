import type { Delta } from '../domain/delta.ts';
import type { Task } from '../domain/task.ts';
import type { Head } from './head.ts';

/** What a decision may look at: the committed state and what the same commit has added so far. */
export interface LedgerView {
  readonly head: Readonly<Head>;
  /** Whether an id is among the newest `recording.dedup_window` ones. */
  hasTaskId(taskId: string): boolean;
  /** A retained delta. */
  delta(deltaId: string): Delta | undefined;
  /** Deltas that wait for approval, oldest first. */
  pending(): Iterable<Delta>;
  /** Tasks retained. */
  readonly taskCount: number;
  /** The newest retained tasks, at most `count`, oldest first. */
  newestTasks(count: number): readonly Task[];
  /** The highest sequence that a client has acknowledged; 0: none. */
  acknowledged(clientId: string): number;
}
