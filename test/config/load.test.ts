import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configJsonSchema, defaultYaml } from '../../scripts/default-yaml.ts';
import type { Config } from '../../src/config/config.ts';
import { ConfigError, formatFault } from '../../src/config/fault.ts';
import { loadConfig, parseConfig, readConfigFile } from '../../src/config/load.ts';
import { LATENCY, OUTCOME, SUCCESS } from '../../src/domain/effect.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';
import { comparable, faultsOf, fromYaml } from './support.ts';

const root = new URL('../../', import.meta.url);
const pathOf = (name: string) => new URL(`config/${name}`, root).pathname;

describe('the shipped configs', () => {
  test('config/default.yaml is that of the code', () => {
    expect(readFileSync(pathOf('default.yaml'), 'utf8')).toBe(defaultYaml());
    const embedded = comparable(loadConfig(undefined).config);
    expect(comparable(loadConfig(pathOf('default.yaml')).config)).toEqual(embedded);
  });

  test('config/schema.json is that of the code', () => {
    const written = JSON.parse(readFileSync(pathOf('schema.json'), 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(configJsonSchema)));
  });

  test.each(['default.yaml', 'reference.yaml'])('%s names the schema for editors', (name) => {
    const first = readFileSync(pathOf(name), 'utf8').split('\n')[0];
    expect(first).toBe('# yaml-language-server: $schema=./schema.json');
  });

  test('the defaults are those of the design', () => {
    const { config } = loadConfig(undefined);
    expect(comparable(config)).toMatchObject({
      version: 'unknown',
      cycle: {
        enabled: true,
        intervalSeconds: 30,
        historyLimit: 100,
        analysisWindow: 30,
        minTasks: 30,
        maxAgeSeconds: 86_400,
      },
      recording: { dedupWindow: 100_000 },
      metrics: {
        maxAgeSeconds: 120,
        combine: { subAgentCount: 'sum', cpuPercent: 'mean', values: {} },
      },
      reflection: {
        minScore: 65,
        minConfidence: 0.5,
        enforceMinConfidence: true,
        weights: { confidence: 40, reasoning: 30, impact: 20, risk: 10 },
      },
      curation: {
        mode: 'auto',
        suppressUnchanged: true,
        cooldownSeconds: 300,
        maxDeltasPerHour: 20,
        proposalTtlSeconds: 86_400,
        ackTimeoutSeconds: 0,
      },
      parameters: {
        primary_coordination_strategy: { initial: 'sequential' },
        fallback_strategy_threshold: { initial: 0.8, min: 0.5, max: 0.95, maxStep: 0.05 },
        max_cpu_per_agent: { initial: 100, min: 10, max: 100 },
      },
      trial: {
        assignment: 'auto',
        blockTasks: 5,
        pairBy: [],
        pairWaitTasks: 20,
        maxSeconds: 604_800,
        probationTasks: 3000,
        probationSeconds: 2_592_000,
        holdback: 0.05,
      },
      monitoring: { logLevel: 'info' },
      ledger: { retainDeltas: 10_000, retainCycles: 10_000 },
    });
    expect(config.monitoring.logFile).toBeUndefined();
    expect(config.trial).toMatchObject({
      predictBy: undefined,
      outcomeTimeoutSeconds: undefined,
      timeoutMs: undefined,
      seed: undefined,
    });
    for (const rule of config.rules) {
      const guards = [SUCCESS, LATENCY].map((metric) => ({ ...metric, margin: 0.05 }));
      expect(rule).toMatchObject({ primary: OUTCOME, guards, onHarm: 'revert' });
      expect(rule.mode).toBeUndefined();
    }
    const rules = config.rules.map(({ id, forSeconds }) => [id, forSeconds]);
    expect(rules).toEqual([
      ['coordination', 0],
      ['fallback', 0],
      ['cpu', 0],
      ['coordination_back', 3600],
      ['fallback_back', 3600],
      ['cpu_back', 3600],
    ]);
  });

  test('the reference has no restraint, no bounds and no version', () => {
    const { config } = loadConfig(pathOf('reference.yaml'));
    expect(config.version).toBe('unknown');
    expect(config.metrics.maxAgeSeconds).toBe(0);
    expect(config.reflection).toMatchObject({ minScore: 65, enforceMinConfidence: false });
    expect(config.curation).toMatchObject({
      suppressUnchanged: false,
      cooldownSeconds: 0,
      maxDeltasPerHour: 0,
    });
    const objective = { primary: OUTCOME, guards: expect.anything() };
    for (const spec of Object.values(config.parameters)) {
      expect({ ...spec, initial: 0, type: undefined }).toEqual({ initial: 0, objective });
    }
  });
});

describe('merging', () => {
  test('sections key by key', () => {
    const config = fromYaml('cycle: {min_tasks: 5}\nreflection: {weights: {risk: 7}}');
    expect(config.cycle).toMatchObject({ minTasks: 5, historyLimit: 100 });
    expect(config.reflection.weights).toMatchObject({ risk: 7, impact: 20 });
  });

  test('without rules: parameters field by field, where null lifts a bound', () => {
    const { parameters } = fromYaml(
      'parameters: {max_cpu_per_agent: {max: 200, min: null}, mine: {initial: [1, {a: x}]}}',
    );
    expect(parameters.max_cpu_per_agent).toMatchObject({ initial: 100, max: 200 });
    expect(parameters.max_cpu_per_agent?.min).toBeUndefined();
    expect(parameters.mine?.initial).toEqual([1, { a: 'x' }]);
    expect(parameters.fallback_strategy_threshold?.maxStep).toBe(0.05);
  });

  test('without rules: null takes a built-in parameter away, and the rules for it', () => {
    const { parameters, rules } = fromYaml('parameters: { max_cpu_per_agent: null }');
    expect(Object.keys(parameters)).toEqual([
      'primary_coordination_strategy',
      'fallback_strategy_threshold',
    ]);
    const all = loadConfig(undefined).config.rules;
    const left = all.filter(({ target }) => target !== 'max_cpu_per_agent');
    expect(left.length).toBeLessThan(all.length);
    expect(rules.map(({ id }) => id)).toEqual(left.map(({ id }) => id));
  });

  test('rules whole, and none at all', () => {
    const { rules, parameters } = fromYaml('rules: []');
    expect([rules, parameters]).toEqual([[], {}]);
  });

  test('with rules: only the parameters that are named, each over the built-in one', () => {
    const { parameters } = fromYaml(
      'rules: []\nparameters: { mine: { initial: 1 }, max_cpu_per_agent: { max: 200 }, ' +
        'fallback_strategy_threshold: {}, primary_coordination_strategy: null }',
    );
    const objective = { primary: OUTCOME, guards: expect.anything() };
    expect(comparable({ parameters } as Config)).toEqual({
      parameters: {
        mine: { initial: 1, type: 'integer', objective },
        max_cpu_per_agent: { initial: 100, type: 'integer', min: 10, max: 200, objective },
        fallback_strategy_threshold: {
          initial: 0.8,
          type: 'number',
          min: 0.5,
          max: 0.95,
          maxStep: 0.05,
          objective,
        },
      },
    });
  });

  test('a parameter may be called what an object has anyway', () => {
    const { parameters } = fromYaml(
      'parameters: {constructor: {initial: 1}, toString: {initial: 2}}',
    );
    expect(parameters).toMatchObject({ constructor: { initial: 1 }, toString: { initial: 2 } });
  });

  test.each([
    ['version: 2026.10', '2026.10'],
    ['version: "2026.1"', '2026.1'],
    ['version: 7', '7'],
    ['cycle: {}', 'unknown'],
  ])('%s is version %s', (text, version) => {
    expect(fromYaml(text).version).toBe(version);
  });

  test('the config is frozen in depth', () => {
    const { config } = loadConfig(undefined);
    expect(() => Object.assign(config.cycle, { minTasks: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.text.rules[0] ?? {}, { when: '' })).toThrow(TypeError);
    expect(Object.isFrozen(config.reflection.weights)).toBe(true);
  });
});

describe('JSON', () => {
  test('a number is its value, however it is written', () => {
    const { config } = parseConfig('{ "version": 2026.10 }', 'x', 'json');
    expect(config.version).toBe('2026.1');
  });

  test('an old config works as it is; its other keys are warnings', () => {
    const text = `{
  "version": "2025.3",
  "cycle": { "interval_seconds": 10, "max_workers": 4 },
  "reflection": { "min_confidence": 0.4, "min_score": 70 },
  "monitoring": { "log_file": "/var/log/l.log" },
  "old": {}
}`;
    const { config, warnings } = parseConfig(text, 'old.json', 'json');
    expect(config.version).toBe('2025.3');
    expect(config.cycle).toMatchObject({ intervalSeconds: 10, minTasks: 30 });
    expect(config.reflection).toMatchObject({ minConfidence: 0.4, minScore: 70 });
    expect(config.monitoring.logFile).toBe('/var/log/l.log');
    expect(warnings.map((fault) => [fault.path, fault.line])).toEqual([
      ['cycle.max_workers', 3],
      ['old', 6],
    ]);
  });

  test('a key that is close to a known one says so', () => {
    const { warnings } = parseConfig('{"cycle":{"min_task":4}}', 'a.json', 'json');
    expect(warnings[0]?.message).toContain('did you mean "min_tasks"?');
  });

  test('what is no JSON is refused with its line', () => {
    expect(faultsOf('{\n "version": 1,\n}', 'json')).toMatchObject([{ line: 3, path: '' }]);
    expect(faultsOf('{\n // no\n}', 'json')).toMatchObject([{ line: 2, path: '' }]);
    expect(faultsOf("{'version': 1}", 'json')).toHaveLength(1);
  });

  test('keys given twice are faults', () => {
    const faults = faultsOf('{"cycle": {\n"min_tasks": 1,\n"min_tasks": 2}}', 'json');
    expect(faults).toMatchObject([{ line: 3, path: 'cycle.min_tasks' }]);
  });
});

describe('files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'config-'));
  const write = (name: string, content: string | Uint8Array) => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const faultOf = (file: string) => {
    try {
      loadConfig(file);
    } catch (error) {
      if (error instanceof ConfigError) return error.faults;
    }
    return [];
  };

  test('the format is that of the name', () => {
    expect(loadConfig(write('a.JSON', '{"version":"j"}')).config.version).toBe('j');
    expect(loadConfig(write('a.conf', 'version: y')).config.version).toBe('y');
  });

  test.each(['', '  \n\n', '# nothing\n', '---\n', '\uFEFF'])('%j is the defaults', (content) => {
    const { config } = loadConfig(write('empty.yaml', content));
    expect(comparable(config)).toEqual(comparable(loadConfig(undefined).config));
  });

  test('an empty JSON file is the defaults', () => {
    expect(loadConfig(write('empty.json', ' \n')).config.version).toBe('unknown');
  });

  test('a byte order mark is no part of the text', () => {
    expect(loadConfig(write('bom.json', '\uFEFF{"version":"b"}')).config.version).toBe('b');
  });

  test('a file that is missing, no file, no text or too large is one fault', () => {
    expect(faultOf(join(directory, 'missing.yaml'))).toMatchObject([{ line: 1, path: '' }]);
    expect(faultOf(directory)).toHaveLength(1);
    expect(faultOf(write('latin.yaml', Uint8Array.of(0x61, 0xff)))).toHaveLength(1);
    expect(faultOf(write('large.yaml', ' '.repeat(5_000_000)))[0]?.message).toContain('at most');
  });

  test('a fault reads as file, line, path, message', () => {
    const fault = { file: 'a.yaml', line: 3, path: 'cycle.min_tasks', message: 'expected x' };
    expect(formatFault(fault)).toBe('a.yaml:3: cycle.min_tasks: expected x');
    expect(formatFault({ ...fault, path: '' })).toBe('a.yaml:3: expected x');
  });
});

describe('a file that is read again', () => {
  const again = { isAgain: true };

  test.for(['', ' \n\n'])('is refused while it is empty: somebody is about to write it', (text) => {
    const file = join(tempDir(), 'config.yaml');
    writeFileSync(file, text);
    expect(loadConfig(file).config.version).toBe('unknown');
    expect(() => readConfigFile(file, again)).toThrow(
      expect.objectContaining({
        faults: [
          { file, line: 1, path: '', message: 'the file is empty: write {} for the defaults' },
        ],
      }),
    );
    writeFileSync(file, '{}');
    expect(readConfigFile(file, again)).toBe('{}');
  });

  test('is refused where it is a pipe, which would be waited for', () => {
    const file = join(tempDir(), 'pipe');
    execFileSync('mkfifo', [file]);
    expect(() => readConfigFile(file, again)).toThrow(
      expect.objectContaining({
        faults: [{ file, line: 1, path: '', message: 'a pipe can be read only once' }],
      }),
    );
  });

  test('without a file, there are the defaults again', () => {
    expect(readConfigFile(undefined, again)).toBe('');
  });
});
