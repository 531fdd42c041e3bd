// `learning-sidecar/client`, as package.json exports it: the only module that collects names for others to import.
// biome-ignore-all lint/performance/noBarrelFile: users of a package import one module
export type { Value } from '../domain/value.ts';
export { type Delta, DeltaState, DeltaType } from '../gen/learning/v1/delta_pb.ts';
export { Arm, SnapshotOutcome } from '../gen/learning/v1/learning_service_pb.ts';
export { TaskStatus } from '../gen/learning/v1/task_pb.ts';
export { type Change, DeltaRefusal } from './change.ts';
export { type CallFailure, readFailure } from './failure.ts';
export { LearningSidecar } from './learning-sidecar.ts';
export type {
  LearningSidecarOptions,
  MetricsReport,
  RecordOutcome,
  TaskSettings,
  TaskToRun,
} from './options.ts';
export type { TargetOptions } from './target.ts';
export type { TaskReport } from './task-report.ts';
export type { Values } from './values.ts';
