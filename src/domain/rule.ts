import type { DeltaImpact, DeltaOperation, DeltaType } from './delta.ts';
import type { CoordinationMetrics } from './metrics.ts';
import type { Parameters, Value } from './value.ts';
import type { WindowStatistics } from './window.ts';

/** What becomes of a recommended delta. */
export type CurationMode = 'apply' | 'recommend';

/** What a rule's expressions see. */
export interface RuleContext {
  readonly window: WindowStatistics;
  /** Absent: nothing was reported; every metric is then 0. */
  readonly metrics: CoordinationMetrics | undefined;
  readonly parameters: Parameters;
}

/**
 * A compiled rule. Its functions are pure; each throws an `Error` with a readable message where
 * the expression cannot be evaluated on this context.
 */
export interface Rule {
  readonly id: string;
  readonly type: DeltaType;
  readonly operation: DeltaOperation;
  /** Name of the parameter it changes. */
  readonly target: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly impact: DeltaImpact;
  /** Overrides `curation.mode`. */
  readonly mode: CurationMode | undefined;
  /** One of its expressions reads `metrics`: it does not fire on stale ones. */
  readonly usesMetrics: boolean;
  when(context: RuleContext): boolean;
  /** `undefined` for `remove`. */
  newValue(context: RuleContext): Value | undefined;
  /** `undefined`: the parameter's current value is the old one. */
  readonly oldValue: ((context: RuleContext) => Value) | undefined;
  reasoning(context: RuleContext): string;
}
