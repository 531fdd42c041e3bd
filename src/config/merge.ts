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
}

type LogLevelText = Sections['monitoring']['log_level'];
type DefaultConfig = Omit<Sections, 'tokens'> &
  Partial<Pick<Sections, 'tokens'>> &
  Required<Pick<ConfigFile, 'parameters' | 'rules'>>;

/** Sections key by key, parameters field by field, rules whole. */
export function mergeOverDefaults(file: ConfigFile): MergedConfig {
  const base = readDefaults();
  return {
    version: file.version === undefined ? 'unknown' : String(file.version),
    cycle: over(base.cycle, file.cycle),
    recording: over(base.recording, file.recording),
    metrics: over(base.metrics, file.metrics),
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
    parameters: mergeParameters(base.parameters ?? {}, file.parameters ?? {}),
    rules: file.rules ?? base.rules ?? [],
    hasBuiltInRules: file.rules === undefined,
  };
}

function mergeParameters(
  base: Readonly<Record<string, ParameterText>>,
  file: Readonly<Record<string, ParameterText>>,
): Record<string, ParameterText> {
  const merged: Record<string, ParameterText> = { ...base };
  for (const [name, parameter] of Object.entries(file)) {
    merged[name] = { ...(Object.hasOwn(base, name) ? base[name] : {}), ...parameter };
  }
  return merged;
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
