import type * as cycles from '../../gen/learning/v1/cycle_pb.ts';
import type * as deltas from '../../gen/learning/v1/delta_pb.ts';
import type * as gains from '../../gen/learning/v1/gains_pb.ts';
import type * as service from '../../gen/learning/v1/learning_service_pb.ts';
import type { AsJson, Json } from './json.ts';

// What /api/v1 answers. Messages are those of the RPCs, as proto3 JSON; the rest is described in docs/openapi.json.

export type Delta = AsJson<deltas.Delta>;
export type MetricEffect = AsJson<deltas.MetricEffect>;
export type Status = AsJson<service.GetStatusResponse>;
export type RuleStatus = AsJson<service.RuleStatus>;
export type DeltaAnswer = AsJson<service.GetDeltaStatusResponse>;
export type DeltaPage = AsJson<service.ListDeltasResponse>;
export type CyclePage = AsJson<service.ListCyclesResponse>;
export type Cycle = AsJson<cycles.Cycle>;
export type Gains = AsJson<service.GetGainsResponse>;
export type GainAmount = AsJson<gains.GainAmount>;

/** One event in the life of a delta. */
export interface HistoryEvent {
  readonly time: string;
  readonly kind: string;
  readonly text: string;
  readonly by?: string;
}

export interface History {
  readonly events: readonly HistoryEvent[];
}

/** E-values of one metric after each counted set of tasks. */
export interface EvidenceSeries {
  readonly metric: string;
  /** Counted sets: 1, 2, 3 … thinned. */
  readonly sets: readonly number[];
  readonly harm: readonly number[];
  readonly help: readonly number[];
}

/** What counted tasks of both arms showed of a metric: quantiles, at equal distances from minimum to maximum. */
export interface ArmDistribution {
  readonly metric: string;
  readonly unit: string;
  readonly old: readonly number[];
  readonly new: readonly number[];
}

/** A trial that is on. */
export interface OpenTrial {
  readonly deltaId: string;
  readonly target: string;
  readonly ruleId: string;
  readonly oldValue?: Json;
  readonly newValue?: Json;
  readonly stage: 'trial' | 'probation' | 'holdback';
  readonly paused: boolean;
  readonly suspended: boolean;
  /** Evidence of harm over all metrics, and from where on it decides; then of help in the primary metric. */
  readonly harm: number;
  readonly harmThreshold: number;
  readonly help: number;
  readonly threshold: number;
  readonly tasksUsed: number;
  readonly maxTasks?: number;
  readonly endsBy?: string;
  readonly summary: string;
  readonly couldFind: string;
  readonly series: readonly EvidenceSeries[];
  readonly distributions: readonly ArmDistribution[];
}

export interface Trials {
  readonly paused: boolean;
  readonly trials: readonly OpenTrial[];
}

export interface TimelineBucket {
  readonly time: string;
  readonly tasks: number;
  readonly successes: number;
  /** Milliseconds; absent in a bucket without latencies. */
  readonly p50?: number;
  readonly p95?: number;
}

export interface TimelineChange {
  readonly time: string;
  readonly deltaId: string;
  readonly kind: string;
  readonly target: string;
}

export interface Timeline {
  readonly stepMs: number;
  readonly buckets: readonly TimelineBucket[];
  readonly changes: readonly TimelineChange[];
}

/** What the caller may do. */
export interface Session {
  readonly needsToken: boolean;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
  readonly role?: string;
}

/** A parameter, its bounds, and the changes of it that are retained. */
export interface Parameter {
  readonly name: string;
  readonly value?: Json;
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly allowed?: readonly Json[];
  readonly setBy: string;
  readonly since?: string;
  readonly heldUntil?: string;
  readonly history: readonly ParameterChange[];
  /** Cohorts with a value of their own. */
  readonly cohorts: readonly { readonly cohort: string; readonly value: Json }[];
}

export interface ParameterChange {
  readonly time: string;
  readonly deltaId: string;
  readonly value?: Json;
  readonly by: string;
  /** Absent: for all tasks. */
  readonly cohort?: string;
}

/** The ledger, as it is now. */
export interface Ledger {
  readonly epoch: string;
  readonly isWritable: boolean;
  /** Why it cannot be written; empty if it can. */
  readonly problem: string;
  readonly sizeBytes: number;
  readonly events: number;
  readonly position: number;
  readonly sequence: number;
  readonly tasks: number;
  readonly deltas: number;
  readonly newestBackup?: string;
}
