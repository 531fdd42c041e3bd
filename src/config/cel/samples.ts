import type { RuleContext } from '../../domain/rule.ts';
import type { Parameters } from '../../domain/value.ts';
import { type Bindings, bindingsOf } from './bindings.ts';

// Usual numbers, the least, and the greatest that still make sense, so that most conditions are tried both true and
// false.
const MAGNITUDES = [
  { count: 30, latencyMs: 150.5, share: 0.9, agents: 9, percent: 90.5, value: 1.5 },
  { count: 1, latencyMs: 0, share: 0, agents: 0, percent: 0, value: 0 },
  { count: 100, latencyMs: 120_000, share: 1, agents: 200, percent: 6400, value: 250 },
] as const;

// A key that macros can range over if no rule asks for a key by name.
const SAMPLE_KEY = 'sample';

/** Bindings to try expressions on. They have every measurement in `measurements`, as if the tasks carried it. */
export function createSamples(
  measurements: Iterable<string>,
  parameters: Parameters,
  initial: Parameters,
): Bindings[] {
  const keys = [SAMPLE_KEY, ...measurements];
  return MAGNITUDES.map((size) => {
    const context: RuleContext = {
      window: {
        count: size.count,
        avgLatencyMs: size.latencyMs,
        p50LatencyMs: size.latencyMs,
        p95LatencyMs: size.latencyMs * 2,
        p99LatencyMs: size.latencyMs * 3,
        successRate: size.share,
        statuses: { unspecified: 0, success: size.count, failure: 0, timeout: 0, cancelled: 0 },
        measurements: Object.fromEntries(keys.map((key) => [key, size.value])),
      },
      metrics: {
        subAgentCount: size.agents,
        cpuPercent: size.percent,
        values: { [SAMPLE_KEY]: size.value },
        observeTimeMs: 0,
      },
      parameters,
    };
    return bindingsOf(context, initial);
  });
}
