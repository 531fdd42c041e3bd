import type { Cohort } from './cohort.ts';
import type { DeltaImpact, DeltaOperation, DeltaType } from './delta.ts';
import type { Objective } from './effect.ts';
import type { CoordinationMetrics } from './metrics.ts';
import type { Parameters, Value } from './value.ts';
import type { WindowStatistics } from './window.ts';

/**
 * What becomes of a recommended delta: applied, left to a person, or put on trial. `auto`: put on trial if tasks ask
 * for parameters by their task ids; otherwise applied and compared.
 */
export const CURATION_MODES = ['auto', 'apply', 'recommend', 'trial'] as const;
export type CurationMode = (typeof CURATION_MODES)[number];

/** Whether a mode may put a delta on trial. */
export function tries(mode: CurationMode): boolean {
  return mode === 'trial' || mode === 'auto';
}

/**
 * What follows a trial that found harm. The old value is live in any case; `pause` also pauses
 * all trials until a person resumes them, `notify` leaves the delta to a person.
 */
export const HARM_RESPONSES = ['revert', 'pause', 'notify'] as const;
export type HarmResponse = (typeof HARM_RESPONSES)[number];

/** How a trial assigns arms: as the orchestrator allows, task by task, or in blocks. */
export const TRIAL_ASSIGNMENTS = ['auto', 'task', 'switchback'] as const;
export type TrialAssignment = (typeof TRIAL_ASSIGNMENTS)[number];

/** What a rule's expressions see. */
export interface RuleContext {
  readonly window: WindowStatistics;
  /** Absent if nothing was reported; every metric is then 0. */
  readonly metrics: CoordinationMetrics | undefined;
  readonly parameters: Parameters;
  /** Called at each step of a macro; throws once the expression has used up its budget. */
  readonly spend?: () => void;
}

/**
 * A compiled rule. Its functions are pure; each throws an `Error` with a readable message where
 * the expression cannot be evaluated on this context.
 */
export interface Rule extends Objective {
  readonly id: string;
  readonly type: DeltaType;
  readonly operation: DeltaOperation;
  /** Name of the parameter that the rule changes. */
  readonly target: string;
  /** The tasks that the rule looks at, and changes the parameter for; absent: all. */
  readonly cohort?: Cohort | undefined;
  /** 0 to 1. */
  readonly confidence: number;
  readonly impact: DeltaImpact;
  /** Seconds for which `when` must have held, at every cycle, before the rule proposes; 0: none. */
  readonly forSeconds: number;
  /** Overrides `curation.mode`. */
  readonly mode: CurationMode | undefined;
  readonly onHarm: HarmResponse;
  /** Of its trials, in place of the parameter's. */
  readonly assignment?: TrialAssignment;
  /** As in `ParameterSpec`, in place of the parameter's. */
  readonly budget?: number;
  /** Hash of all that makes up the rule's proposals; what trials teach about the rule is kept for this hash. */
  readonly fingerprint: string;
  /** Whether one of its expressions reads `metrics`; the rule then does not fire on stale metrics. */
  readonly usesMetrics: boolean;
  /** Keys of `window.measurements` that its expressions ask for by name. */
  readonly measurements: ReadonlySet<string>;
  /** Every text that `reasoning` can return, with 0 for computed numbers; `undefined` if unknown. */
  readonly reasonings: readonly string[] | undefined;
  /** The value that the rule always proposes, if that value is constant. */
  readonly constantValue: Value | undefined;
  /** Whether `when` is false on all data. */
  readonly neverFires: boolean;
  when(context: RuleContext): boolean;
  /** `undefined` for `remove`. */
  newValue(context: RuleContext): Value | undefined;
  /** Absent if the old value is the parameter's current one. */
  readonly oldValue: ((context: RuleContext) => Value) | undefined;
  reasoning(context: RuleContext): string;
}
