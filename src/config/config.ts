import type { Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { LOG_LEVELS, TRIAL_ASSIGNMENTS } from './schema.ts';

/** Least severe level that is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A rule with the CEL expressions that it was compiled from. */
export interface ConfiguredRule extends Rule {
  readonly source: {
    readonly when: string;
    readonly newValue: string | undefined;
    readonly oldValue: string | undefined;
    readonly reasoning: string;
  };
}

/** How deltas are put on trial; checked, and not used in this release. */
export interface TrialSettings {
  readonly assignment: (typeof TRIAL_ASSIGNMENTS)[number];
  readonly blockTasks: number;
  /** Names of labels. */
  readonly pairBy: readonly string[];
  readonly pairWaitTasks: number;
  readonly outcomeTimeoutSeconds: number;
  readonly maxSeconds: number;
}

/** A whole config, checked; frozen in depth. */
export interface Config extends LoopSettings {
  readonly rules: readonly ConfiguredRule[];
  readonly trial: TrialSettings;
  readonly monitoring: {
    /** `undefined`: standard output. */
    readonly logFile: string | undefined;
    readonly logLevel: LogLevel;
  };
}
