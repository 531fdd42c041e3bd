import { DEFAULT_CONFIG } from './default-config.ts';
import type { ConfigFile, ParameterText, RuleText, Sections } from './schema.ts';
import { checkStructure } from './structure.ts';
import { parseYamlDocument } from './yaml-document.ts';

/** A config file merged over the defaults: complete, and not yet checked across its fields. */
export interface MergedConfig extends Omit<Sections, 'monitoring'> {
  readonly version: string;
  readonly monitoring: { log_file?: string | undefined; log_level: LogLevelText };
  /** `initial` is missing where neither the file nor the defaults give one. */
  readonly parameters: Readonly<Record<string, ParameterText>>;
  readonly rules: readonly RuleText[];
  /** The rules are not the file's own. */
  readonly hasBuiltInRules: boolean;
  /** Names of the parameters that there are without a file. */
  readonly builtInParameters: readonly string[];
}

type LogLevelText = Sections['monitoring']['log_level'];
type DefaultConfig = Omit<Sections, 'tokens'> &
  Partial<Pick<Sections, 'tokens'>> &
  Required<Pick<ConfigFile, 'parameters' | 'rules'>>;

/**
 * Merges a config file over the defaults: sections by key, rules as a whole, parameters by field. A file
 * with rules has only the parameters that it names; a file without rules also has the built-in ones,
 * except those that it sets to null.
 */
export function mergeOverDefaults(file: ConfigFile): MergedConfig {
  const base = readDefaults();
  const builtIn = base.parameters ?? {};
  const parameters = file.parameters ?? {};
  return {
    version: file.version === undefined ? 'unknown' : String(file.version),
    cycle: over(base.cycle, file.cycle),
    recording: over(base.recording, file.recording),
    metrics: {
      ...over(base.metrics, file.metrics),
      combine: over(base.metrics.combine, file.metrics?.combine),
    },
    reflection: {
      ...over(base.reflection, file.reflection),
      weights: over(base.reflection.weights, file.reflection?.weights),
    },
    curation: over(base.curation, file.curation),
    trial: over(base.trial, file.trial),
    tls: over(base.tls, file.tls),
    tokens: over(base.tokens ?? {}, file.tokens),
    limits: over(base.limits, file.limits),
    monitoring: over(base.monitoring, file.monitoring),
    ledger: over(base.ledger, file.ledger),
    parameters: mergeParameters(builtIn, parameters, file.rules === undefined),
    rules: file.rules ?? builtInRules(base, parameters),
    hasBuiltInRules: file.rules === undefined,
    builtInParameters: Object.keys(builtIn),
  };
}

type ParametersText = NonNullable<ConfigFile['parameters']>;

function mergeParameters(
  base: ParametersText,
  file: ParametersText,
  keepsOthers: boolean,
): Record<string, ParameterText> {
  const all = keepsOthers ? { ...base, ...file } : file;
  const merged: Record<string, ParameterText> = {};
  for (const [name, parameter] of Object.entries(all)) {
    if (parameter === null) continue;
    merged[name] = { ...(Object.hasOwn(base, name) ? base[name] : {}), ...parameter };
  }
  return merged;
}

/** A parameter that is taken away takes the built-in rules for it along. */
function builtInRules({ rules }: DefaultConfig, file: ParametersText): readonly RuleText[] {
  const isTaken = (name = '') => Object.hasOwn(file, name) && file[name] === null;
  return (rules ?? []).filter(({ target }) => !isTaken(target));
}

function over<T extends object>(base: T, top: object | undefined): T {
  // Files hold no `undefined`, and each of these has passed the same schema as the base.
  return { ...base, ...top } as T;
}

let defaults: DefaultConfig | undefined;

function readDefaults(): DefaultConfig {
  if (defaults === undefined) {
    const { file, faults, unknownKeys } = checkStructure(parseYamlDocument(DEFAULT_CONFIG));
    const fault = faults[0] ?? unknownKeys[0];
    if (fault !== undefined) throw new Error(`the embedded defaults: ${fault.message}`);
    // They have every key: a test loads them.
    defaults = file as DefaultConfig;
  }
  return defaults;
}
