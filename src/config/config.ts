import type { Rule } from '../domain/rule.ts';
import type { LoopSettings } from '../domain/settings.ts';
import type { LOG_LEVELS } from './schema.ts';

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

/** A whole config, checked; frozen in depth. */
export interface Config extends LoopSettings {
  readonly rules: readonly ConfiguredRule[];
  readonly monitoring: {
    /** `undefined`: standard output. */
    readonly logFile: string | undefined;
    readonly logLevel: LogLevel;
  };
}
