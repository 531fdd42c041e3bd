import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Arm } from '../gen/learning/v1/learning_service_pb.ts';
import type { CoordinationMetricsSchema } from '../gen/learning/v1/task_pb.ts';
import type { Change } from './change.ts';
import type { CallFailure } from './failure.ts';
import type { TargetOptions } from './target.ts';
import type { Values } from './values.ts';

export interface LearningSidecarOptions extends TargetOptions {
  /** The name of this orchestrator, which stays the same after a restart. At most 256 bytes. */
  readonly clientId: string;
  /** The settings until the first answer of the sidecar. */
  readonly defaults?: Values;
  /**
   * Applies new settings, one change at a time. Deltas are acknowledged when the callback returns, or its promise
   * resolves, and refused when it throws or rejects: see `DeltaRefusal`. This client keeps the former values of what it
   * refuses. The sidecar reverts an unproven delta after one refusal, and a proven one after the refusals of most
   * clients; it excludes this client's tasks from the delta's trial.
   */
  readonly onChange?: (change: Change) => void | Promise<void>;
  /** Called with a line for each outage, refusal and refused task; by default `console.warn`. */
  readonly log?: (line: string) => void;
  /** The maximum of tasks that are not durable yet; more are dropped. By default 1000. */
  readonly maxPending?: number;
}

/** Coordination metrics at one moment. */
export type MetricsReport = MessageInitShape<typeof CoordinationMetricsSchema>;

/** A task to run. */
export interface TaskToRun {
  readonly taskId?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Settings for a task. */
export interface TaskSettings {
  readonly parameters: Values;
  /** Send it as the task's `deltaSequence`. */
  readonly deltaSequence: bigint;
  /** The task's arm in the current trial. */
  readonly arm: Arm;
  /** Whether the sidecar did not answer in time: these are the newest known parameters. */
  readonly isFallback: boolean;
}

/** The outcome of a task. */
export type RecordOutcome =
  | { readonly kind: 'recorded' }
  /** The task was recorded before, perhaps by an attempt whose answer was lost. */
  | { readonly kind: 'duplicate' }
  /** Too many tasks were pending, or the client was closed first. */
  | { readonly kind: 'dropped' }
  /** The sidecar refused the task, or the task cannot be encoded. */
  | { readonly kind: 'refused'; readonly failure: CallFailure };
