import { own } from '../domain/value.ts';
import { DEFAULT_PARAMETERS, DEFAULT_RULES } from './keys/defaults.ts';
import { defaultGuards } from './keys/metric.ts';
import { type MetricsText, type ObjectiveText, saysMetrics } from './keys/objective.ts';
import { type ConfigFile, type ParameterText, type RuleText, ruleSchema } from './keys/schema.ts';
import { type Sections, sectionsSchema } from './keys/sections.ts';

/** A config file merged over the defaults: complete, and not yet checked across its keys. */
export interface MergedConfig extends Sections {
  readonly version: string;
  readonly objective: ObjectiveText | undefined;
  /** `initial` is absent if neither the file nor the defaults give a value. */
  readonly parameters: Readonly<Record<string, ParameterText>>;
  readonly rules: readonly RuleText[];
}

/** A rule without fault, with every key that has a default. */
export type CompleteRule = ReturnType<typeof completeRule>;

/** A merged config without fault. */
export interface CompleteConfig extends MergedConfig {
  readonly rules: readonly CompleteRule[];
}

/**
 * Merges a config file over the defaults: sections by key, rules as a whole, parameters by field. A file
 * with rules has only the parameters that it names; a file without rules also has the built-in ones,
 * except those that it sets to null.
 */
export function mergeOverDefaults(file: ConfigFile): MergedConfig {
  const { version = 'unknown', objective, parameters = {}, rules } = file;
  return {
    version: String(version),
    objective,
    ...sectionsSchema.parse(file),
    parameters: mergeParameters(parameters, rules === undefined),
    rules: rules ?? builtInRules(parameters),
  };
}

type ParametersText = NonNullable<ConfigFile['parameters']>;

/** A parameter without bounds; its keys are printed in this order. */
const UNBOUNDED = { initial: undefined, min: null, max: null, max_step: null, allowed: null };

function mergeParameters(
  file: ParametersText,
  keepsOthers: boolean,
): Record<string, ParameterText> {
  const all: ParametersText = keepsOthers ? { ...DEFAULT_PARAMETERS, ...file } : file;
  const merged: Record<string, ParameterText> = {};
  for (const [name, parameter] of Object.entries(all)) {
    if (parameter === null) continue;
    const base = Object.hasOwn(DEFAULT_PARAMETERS, name) ? DEFAULT_PARAMETERS[name] : {};
    merged[name] = { ...UNBOUNDED, ...base, ...parameter };
  }
  return merged;
}

/** The built-in rules, without those for parameters that the file takes away. */
function builtInRules(file: ParametersText): readonly RuleText[] {
  const isTaken = (name = '') => Object.hasOwn(file, name) && file[name] === null;
  return DEFAULT_RULES.filter(({ target }) => !isTaken(target));
}

/** Gives each rule of a config without fault the keys that it leaves out. */
export function completeRules(merged: MergedConfig): CompleteConfig {
  return { ...merged, rules: merged.rules.map((rule) => completeRule(rule, merged)) };
}

/** What is said of a rule's metrics, the nearest level first. */
export function metricsOf(
  rule: MetricsText,
  target: string,
  config: MergedConfig,
): readonly (MetricsText | undefined)[] {
  return [rule, own(config.parameters, target), config];
}

function completeRule(text: RuleText, config: MergedConfig) {
  const { objective, primary, guards, on_harm, ...rule } = ruleSchema.parse(text);
  const [own, ...farther] = metricsOf({ objective, primary, guards }, rule.target, config);
  const isSaid = objective !== undefined || (!saysMetrics(own) && farther.some(saysMetrics));
  if (isSaid) return { ...rule, objective, primary, guards, on_harm };
  const improved = primary ?? 'outcome';
  const kept = guards ?? defaultGuards(improved);
  return { ...rule, objective, primary: improved, guards: kept, on_harm };
}
