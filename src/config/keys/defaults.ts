import type { ParameterText, RuleText } from './schema.ts';

// Parameters and rules of a config that has none. Other defaults stand with their keys (sections.ts, schema.ts).

export const DEFAULT_PARAMETERS: Readonly<Record<string, ParameterText>> = {
  primary_coordination_strategy: { initial: 'sequential' },
  // A success rate.
  fallback_strategy_threshold: { initial: 0.8, min: 0.5, max: 0.95, max_step: 0.05 },
  // Percent of one core.
  max_cpu_per_agent: { initial: 100, min: 10, max: 100 },
};

export const BUILT_IN_PARAMETERS = Object.keys(DEFAULT_PARAMETERS);

const coordination = {
  type: 'coordination',
  operation: 'modify',
  target: 'primary_coordination_strategy',
  confidence: 0.75,
  impact: 'positive',
} as const;

const fallback = {
  type: 'strategy',
  operation: 'adjust',
  target: 'fallback_strategy_threshold',
  confidence: 0.6,
  impact: 'positive',
} as const;

const cpu = {
  type: 'resource',
  operation: 'adjust',
  target: 'max_cpu_per_agent',
  impact: 'positive',
} as const;

/** An expression that goes one step up from the current value, but not beyond the initial one. */
const stepUp = (parameter: string, step: string) =>
  `parameters.${parameter} + ${step} < initial.${parameter} ` +
  `? parameters.${parameter} + ${step} : initial.${parameter}`;

/**
 * Under pressure, the first three rules set a strategy or move a number by one step. The other three go back to the
 * initial value, step by step, once the pressure has been gone for an hour.
 */
export const DEFAULT_RULES: readonly RuleText[] = [
  {
    id: 'coordination',
    when: 'metrics.sub_agent_count > 8.0 && window.avg_latency_ms > 100.0',
    ...coordination,
    new_value: '"adaptive"',
    reasoning:
      '"High agent count (%s) with elevated latency (%.0fms)" ' +
      '.format([metrics.sub_agent_count, window.avg_latency_ms])',
  },
  {
    id: 'fallback',
    when: 'window.success_rate < 0.85',
    ...fallback,
    new_value: 'parameters.fallback_strategy_threshold - 0.05',
    reasoning: '"Success rate %.1f%% below target".format([window.success_rate * 100.0])',
  },
  {
    id: 'cpu',
    when: 'metrics.cpu_percent > 85.0',
    ...cpu,
    new_value: 'parameters.max_cpu_per_agent - 10.0',
    reasoning: '"CPU utilization at %s%%, approaching limit".format([metrics.cpu_percent])',
    confidence: 0.85,
  },
  {
    id: 'coordination_back',
    when:
      'metrics.sub_agent_count > 0.0 && metrics.sub_agent_count <= 4.0 ' +
      '&& parameters.primary_coordination_strategy == "adaptive"',
    for_seconds: 3600,
    ...coordination,
    new_value: 'initial.primary_coordination_strategy',
    reasoning: '"Agent count down to %s for an hour: back".format([metrics.sub_agent_count])',
  },
  {
    id: 'fallback_back',
    when:
      'window.success_rate >= 0.95 ' +
      '&& parameters.fallback_strategy_threshold < initial.fallback_strategy_threshold',
    for_seconds: 3600,
    ...fallback,
    new_value: stepUp('fallback_strategy_threshold', '0.05'),
    reasoning:
      '"Success rate %.1f%%, above target for an hour: back up" ' +
      '.format([window.success_rate * 100.0])',
  },
  {
    id: 'cpu_back',
    when:
      'metrics.cpu_percent > 0.0 && metrics.cpu_percent < 60.0 ' +
      '&& parameters.max_cpu_per_agent < initial.max_cpu_per_agent',
    for_seconds: 3600,
    ...cpu,
    new_value: stepUp('max_cpu_per_agent', '10.0'),
    reasoning:
      '"CPU utilization at %s%%, far below limit for an hour: back up".format([metrics.cpu_percent])',
    confidence: 0.6,
  },
];
