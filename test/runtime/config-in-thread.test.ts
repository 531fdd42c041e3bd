import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/fault.ts';
import { parseConfigFile } from '../../src/config/load.ts';
import { parseInThread } from '../../src/runtime/config-in-thread.ts';

/** A config as it is printed: rules hold functions. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('a config that was checked in a thread is the one that is parsed at once', async () => {
  const text = 'parameters: { level: { initial: 3, min: 1 } }\nledger: { backup: {} }';
  const { config, warnings } = await parseInThread({ text, file: 'config.yaml' });
  expect(plain(config)).toEqual(plain(parseConfigFile(text, 'config.yaml').config));
  expect(warnings).toEqual([]);
  expect(Object.isFrozen(config.parameters)).toBe(true);
  const context = {
    window: {
      ...{ count: 1, avgLatencyMs: 1, p50LatencyMs: 1, p95LatencyMs: 1, p99LatencyMs: 1 },
      successRate: 0.5,
      statuses: { unspecified: 0, success: 1, failure: 1, timeout: 0, cancelled: 0 },
      measurements: {},
    },
    metrics: undefined,
    parameters: { fallback_strategy_threshold: 0.8 },
  };
  const [rule] = config.rules.filter(({ id }) => id === 'fallback');
  expect([rule?.when(context), rule?.newValue(context)]).toEqual([true, 0.75]);
});

test('its faults are told as if it had been parsed at once', async () => {
  const text = 'cycle: { interval_seconds: 0 }\nrules: [{ id: 1 }]';
  const atOnce = () => parseConfigFile(text, 'config.yaml');
  expect(atOnce).toThrow(ConfigError);
  const error = await parseInThread({ text, file: 'config.yaml' }).catch((found: unknown) => found);
  expect(error).toBeInstanceOf(ConfigError);
  expect(atOnce).toThrow((error as ConfigError).message);
});
