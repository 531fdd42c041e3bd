import type { Config } from '../../src/config/config.ts';
import { ConfigError, type ConfigFault } from '../../src/config/fault.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { RuleContext } from '../../src/domain/rule.ts';

/** A config from YAML; the name of its file is `test.yaml`. */
export function fromYaml(text: string): Config {
  return parseConfig(text, 'test.yaml', 'yaml').config;
}

/** Faults of a text; none where it loads. */
export function faultsOf(text: string, format: 'yaml' | 'json' = 'yaml'): readonly ConfigFault[] {
  try {
    parseConfig(text, `test.${format}`, format);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** What can be compared of a config: rules by the text of their expressions. */
export function comparable(config: Config): unknown {
  return JSON.parse(JSON.stringify(config));
}

/** A context of rules, usual in all but what is given. */
export function contextOf(
  given: {
    window?: Partial<RuleContext['window']>;
    metrics?: Partial<NonNullable<RuleContext['metrics']>>;
    parameters?: RuleContext['parameters'];
  } = {},
): RuleContext {
  return {
    window: {
      count: 30,
      avgLatencyMs: 50,
      p50LatencyMs: 50,
      p95LatencyMs: 95,
      p99LatencyMs: 99,
      successRate: 1,
      statuses: { unspecified: 0, success: 30, failure: 0, timeout: 0, cancelled: 0 },
      measurements: {},
      ...given.window,
    },
    metrics: given.metrics && {
      subAgentCount: 0,
      cpuPercent: 0,
      values: {},
      observeTimeMs: 0,
      ...given.metrics,
    },
    parameters: given.parameters ?? {},
  };
}

/** One rule on `knob` (a number, 1) with some of its fields replaced, as YAML flow text. */
export function ruleYaml(fields: Record<string, unknown>, parameters: object = {}): string {
  const rule = {
    id: 'r',
    when: 'true',
    type: 'resource',
    operation: 'adjust',
    target: 'knob',
    new_value: '2.0',
    reasoning: '"because"',
    confidence: 0.5,
    impact: 'positive',
    ...fields,
  };
  return JSON.stringify({ parameters: { knob: { initial: 1 }, ...parameters }, rules: [rule] });
}
