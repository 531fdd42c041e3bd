import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { ConfigError } from '../../src/config/fault.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';
import { comparable, faultsOf, fromYaml, ruleYaml } from './support.ts';

const pathsOf = (text: string, format?: 'yaml' | 'json') =>
  faultsOf(text, format).map((fault) => fault.path);

describe('every fault is named at once', () => {
  test('with its line, whatever its kind', () => {
    const text = `cycel: {}
cycle:
  min_tasks: 0
  intervalSeconds: 3
reflection: 3
parameters:
  a: { min: 5, max: 4, initial: 5 }
  __b: { initial: 1 }
rules:
  - id: r
    when: foo > 1.0
    type: other
    operation: modify
    target: missing
    reasoning: '"x" + 1.0'
    confidence: 2
    mode: coin
  - 3
trial: { block_tasks: 0 }
`;
    expect(faultsOf(text).map((fault) => [fault.line, fault.path])).toEqual([
      [1, 'cycel'],
      [3, 'cycle.min_tasks'],
      [4, 'cycle.intervalSeconds'],
      [5, 'reflection'],
      [7, 'parameters.a.initial'],
      [7, 'parameters.a.max'],
      [8, 'parameters.__b'],
      [10, 'rules[0].impact'],
      [10, 'rules[0].new_value'],
      [11, 'rules[0].when'],
      [12, 'rules[0].type'],
      [14, 'rules[0].target'],
      [15, 'rules[0].reasoning'],
      [16, 'rules[0].confidence'],
      [17, 'rules[0].mode'],
      [18, 'rules[1]'],
      [19, 'trial.block_tasks'],
    ]);
  });

  test('the error reads as one line per fault', () => {
    const text = 'cycle: {min_tasks: 0}\nledger: 3\n';
    expect(() => parseConfig(text, 'a.yaml', 'yaml')).toThrow(
      'a.yaml:1: cycle.min_tasks: expected a whole number from 1 to 100000, found 0\n' +
        'a.yaml:2: ledger: expected an object with keys, found 3',
    );
  });

  test('within one of several kinds, where it is clear which is meant', () => {
    const text = `parameters: { knob: { initial: 1 } }
rules:
  - id: r
    when: "true"
    type: metric
    operation: remove
    target: knob
    reasoning: '""'
    confidence: 1
    impact: positive
    primary: { measurement: cost, beter: lower }
    guards:
      - speed
      - { measurement: success, better: higher }
`;
    const faults = faultsOf(text).map(({ line, path, message }) => `${line} ${path}: ${message}`);
    expect(faults).toEqual([
      '11 rules[0].primary.better: expected one of lower, higher (there is no default), found nothing',
      '11 rules[0].primary.beter: expected one of measurement, better, statistic, found "beter" (did you mean "better"?)',
      '13 rules[0].guards[0]: expected latency, success, or an object with metric, or with measurement and better, found "speed"',
      `14 rules[0].guards[1].measurement: expected a measurement of 1 to 64 bytes, not outcome, latency, success or __proto__, found "success"`,
    ]);
  });
});

describe('YAML', () => {
  test('faults of syntax have their lines', () => {
    expect(faultsOf('cycle:\n  min_tasks: [1\nledger: {}\n')[0]?.line).toBeGreaterThan(1);
    expect(faultsOf('a: b: c')[0]?.message).toContain('needs quotes');
    expect(faultsOf('cycle: {}\n---\ncycle: {}\n')).toHaveLength(1);
    expect(faultsOf('cycle: !strange {}')).toMatchObject([{ line: 1, path: '' }]);
  });

  test('keys given twice are faults, and the others are still seen', () => {
    const text = 'cycle:\n  min_tasks: 1\n  min_tasks: 2\nledger: 3\ncycle: {}\n';
    expect(faultsOf(text).map((fault) => [fault.line, fault.path])).toEqual([
      [3, 'cycle.min_tasks'],
      [4, 'ledger'],
      [5, 'cycle'],
    ]);
  });

  test('keys not known are faults, with a word for a slip', () => {
    expect(faultsOf('cycle: {min_task: 3}')[0]?.message).toContain('did you mean "min_tasks"?');
    expect(faultsOf('cycle: {minTasks: 3}')[0]?.message).toContain('did you mean "min_tasks"?');
    expect(faultsOf('cycle: {banana: 3}')[0]?.message).not.toContain('did you mean');
  });

  test('aliases are written out, and cannot grow without end', () => {
    expect(fromYaml('cycle: {min_tasks: &n 5, analysis_window: *n}').cycle.analysisWindow).toBe(5);
    expect(faultsOf('cycle: {min_tasks: *none}')).toMatchObject([{ path: 'cycle.min_tasks' }]);
    expect(faultsOf('a: &a [*a]')[0]?.message).toContain('found more');
    const lines = Array.from(
      { length: 12 },
      (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`,
    );
    const bomb = ['a0: &a0 x', ...lines].join('\n');
    expect(faultsOf(bomb).some((fault) => fault.message.includes('found more'))).toBe(true);
  });

  test.each(['3', '[]', 'text', '- a', 'null: 1', '? [a]\n: 1', '__proto__: {}', '1: 2'])(
    '%j is no config',
    (text) => {
      expect(faultsOf(text).length).toBeGreaterThan(0);
    },
  );
});

const COST = { measurement: 'cost', better: 'lower' };

describe('across fields', () => {
  test.each([
    ['cycle: {analysis_window: 101}', 'cycle.analysis_window'],
    ['cycle: {min_tasks: 101}', 'cycle.min_tasks'],
    ['cycle: {history_limit: 29}', 'cycle.history_limit'],
    ['cycle: {history_limit: 29, min_tasks: 20}', 'cycle.history_limit'],
    ['cycle: {history_limit: 29, min_tasks: 20, analysis_window: 30}', 'cycle.analysis_window'],
    ['parameters: {a: {initial: 1, min: 2}}', 'parameters.a.initial'],
    ['parameters: {a: {initial: 3, max: 2}}', 'parameters.a.initial'],
    ['parameters: {a: {initial: x, max: 2}}', 'parameters.a.initial'],
    ['parameters: {a: {initial: x, max_step: 2}}', 'parameters.a.initial'],
    ['parameters: {a: {initial: 3, allowed: [1, 2]}}', 'parameters.a.initial'],
    ['parameters: {a: {min: 2}}', 'parameters.a.initial'],
    ['parameters: {fallback_strategy_threshold: {max: 0.7}}', 'fallback_strategy_threshold.max'],
    ['parameters: {fallback_strategy_threshold: {min: 0.9}}', 'fallback_strategy_threshold.min'],
    ['parameters: {fallback_strategy_threshold: {initial: 0.4}}', 'threshold.initial'],
    ['parameters: {fallback_strategy_threshold: {allowed: [0.7]}}', 'threshold.allowed'],
    ['tls: {certificate_file: a}', 'tls.key_file'],
    ['tls: {key_file: a}', 'tls.certificate_file'],
    ['tls: {client_ca_file: a}', 'tls.certificate_file'],
    ['tls: {certificate_file: a, key_file: b, allowed_names: [x]}', 'tls.client_ca_file'],
  ])('%s blames %s', (text, path) => {
    const paths = pathsOf(text);
    expect(paths).toHaveLength(1);
    expect(paths[0]).toContain(path);
  });

  test('parameters that are not declared', () => {
    const of = (fields: Record<string, unknown>, parameters: object = {}) => {
      const text = ruleYaml(fields, parameters);
      return faultsOf(text).map(({ path, message }) => `${path}: ${message}`);
    };
    const builtIn =
      'found max_cpu_per_agent; with rules, there are only the parameters that are named: ' +
      'max_cpu_per_agent: {} is the built-in one';
    expect(of({ target: 'max_cpu_per_agent' })).toEqual([
      `rules[0].target: expected a declared parameter, ${builtIn.replace(/max_cpu_per_agent/, '"$&"')}`,
    ]);
    const sum = 'parameters.knob + parameters.max_cpu_per_agent';
    expect(of({ new_value: sum })).toEqual([
      expect.stringMatching(`^rules\\[0]\\.new_value: expected a declared parameter, ${builtIn}`),
    ]);
    const named = { max_cpu_per_agent: {} };
    expect(of({ target: 'max_cpu_per_agent', new_value: sum }, named)).toEqual([]);
    expect(of({ target: 'knop' })).toEqual([
      'rules[0].target: expected a declared parameter, found "knop" (did you mean "knob"?)',
    ]);
  });

  test('parameters that are faulty themselves are not missing, too', () => {
    expect(pathsOf(ruleYaml({}, { knob: 3 }))).toEqual(['parameters.knob']);
    const { rules } = JSON.parse(ruleYaml({ new_value: 'parameters.knob + 1.0' }));
    expect(pathsOf(JSON.stringify({ parameters: [], rules }))).toEqual(['parameters']);
  });

  test('null, but for a built-in parameter', () => {
    const messages = (text: string) =>
      faultsOf(text).map(({ line, path, message }) => `${line} ${path}: ${message}`);
    expect(messages('parameters:\n  mine:\n  max_cpu_per_agnt: null')).toEqual([
      '2 parameters.mine: expected an object with keys, or a built-in parameter to take away, found nothing (null)',
      '3 parameters.max_cpu_per_agnt: expected an object with keys, or a built-in parameter to take away, found nothing (null) (did you mean "max_cpu_per_agent"?)',
    ]);
    expect(messages('parameters: { max_cpu_per_agent: null }')).toEqual([]);
    expect(messages(ruleYaml({}, { max_cpu_per_agent: null }))).toEqual([]);
    const message = messages(ruleYaml({}, { knob: null }))[0];
    expect(message).toBe(
      '1 parameters.knob: expected an object with keys, or a built-in parameter to take away, found nothing (null)',
    );
  });

  test('rules', () => {
    expect(pathsOf(ruleYaml({ operation: 'remove' }))).toEqual(['rules[0].new_value']);
    expect(pathsOf(ruleYaml({ new_value: undefined }))).toEqual(['rules[0].new_value']);
    expect(pathsOf(ruleYaml({ target: 'new', operation: 'add' }))).toEqual([]);
    expect(pathsOf(ruleYaml({ target: 'new', operation: 'modify' }))).toEqual(['rules[0].target']);
    const rule = JSON.parse(ruleYaml({}));
    const twice = JSON.stringify({ ...rule, rules: [rule.rules[0], rule.rules[0]] });
    expect(faultsOf(twice)).toMatchObject([{ path: 'rules[1].id' }]);
  });

  test.each([
    [{ primary: 'latency', guards: ['latency'] }, 'guards[0]', 'than the primary one'],
    [
      { primary: { metric: 'latency', statistic: 'total' }, guards: [{ metric: 'latency' }] },
      'guards[0]',
      'than the primary one',
    ],
    [{ guards: ['latency', { metric: 'latency', margin: 0.1 }] }, 'guards[1]', 'each metric once'],
    [{ primary: 'success', guards: ['latency', 'success'] }, 'guards[1]', 'than the primary one'],
    [{ primary: COST, guards: [{ ...COST, better: 'higher' }] }, 'guards[0]', 'found "cost"'],
    [{ guards: ['success', COST, 'success'] }, 'guards[2]', 'expected each metric once'],
    [{ guards: [COST, { ...COST, better: 'higher' }] }, 'guards[1]', 'expected each metric once'],
  ])('a metric is judged once: %j', (fields, path, message) => {
    const faults = faultsOf(ruleYaml(fields));
    expect(faults.map((fault) => fault.path)).toEqual([`rules[0].${path}`]);
    expect(faults[0]?.message).toContain(message);
  });

  test.each([
    [{ guards: ['outcome'] }, 'guards[0]', 'outcome is no guard'],
    [{ guards: [{ metric: 'outcome' }] }, 'guards[0].metric', 'outcome is no guard'],
    [{ primary: { metric: 'outcome' } }, 'primary.metric', 'outcome and success have no statistic'],
    [
      { guards: [{ metric: 'success', statistic: 'total' }] },
      'guards[0].statistic',
      'expected none: of success, it is the share of tasks, found "total"',
    ],
    [{ primary: { metric: 'latency', margin: 0.1 } }, 'primary.margin', 'metric, statistic, found'],
    [{ primary: { ...COST, margin: 0.1 } }, 'primary.margin', 'better, statistic, found "margin"'],
    [{ guards: [{ metric: 'latency', better: 'lower' }] }, 'guards[0].better', 'statistic, margin'],
    [{ guards: [{ margin: 0.1 }] }, 'guards[0].metric', 'expected latency or success'],
    [{ guards: [{}] }, 'guards[0].metric', 'expected latency or success'],
    [{ primary: {} }, 'primary.metric', 'expected latency'],
  ])('what cannot be judged: %j', (fields, path, message) => {
    const faults = faultsOf(ruleYaml(fields));
    expect(faults.map((fault) => fault.path)).toEqual([`rules[0].${path}`]);
    expect(faults[0]?.message).toContain(message);
  });

  test('a faulty primary metric is not compared with the guards', () => {
    expect(pathsOf(ruleYaml({ primary: 3, guards: ['latency'] }))).toEqual(['rules[0].primary']);
    const primary = { metric: 'cost' };
    expect(pathsOf(ruleYaml({ primary, guards: ['latency'] }))).toEqual([
      'rules[0].primary.metric',
    ]);
  });

  test('a rule whose deltas wait for a person anyway may be on trial', () => {
    const remove = { operation: 'remove', new_value: undefined };
    expect(faultsOf(ruleYaml({ ...remove, mode: 'trial' }))).toEqual([]);
  });

  test('a faulty field is named once, and is not compared with others', () => {
    expect(pathsOf('cycle: {history_limit: 0}')).toEqual(['cycle.history_limit']);
    expect(pathsOf('parameters: {a: {initial: 1, min: x, max: 0}}')).toEqual([
      'parameters.a.min',
      'parameters.a.initial',
    ]);
  });
});

const TOKENS = { measurement: 'tokens', better: 'higher', margin: 0.1 };
const TOTAL = { metric: 'latency', statistic: 'total' };
const RULE = {
  id: 'r0',
  when: 'window.count > 1.0 && metrics.values.queue < 3.0',
  type: 'metric',
  operation: 'modify',
  target: 'knob',
  new_value: 'parameters.knob + 0.5',
  reasoning: '"%.1f".format([window.avg_latency_ms])',
  confidence: 0.5,
  impact: 'neutral',
};

// A valid value for each key, and faults for it: each makes exactly its own path faulty.
const CATALOGUE: [path: (string | number)[], valid: fc.Arbitrary<unknown>, faulty: unknown[]][] = [
  [['version'], fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.integer()), ['', true]],
  [['cycle', 'enabled'], fc.boolean(), [1]],
  [['cycle', 'interval_seconds'], fc.integer({ min: 1, max: 86_400 }), [0, 'x', 1e9]],
  [['cycle', 'history_limit'], fc.integer({ min: 200, max: 1000 }), [0, 1.5]],
  [['cycle', 'analysis_window'], fc.integer({ min: 1, max: 100 }), [0, 200_000]],
  [['cycle', 'min_tasks'], fc.integer({ min: 1, max: 100 }), [-1, []]],
  [['cycle', 'max_age_seconds'], fc.nat(1000), [-1, null]],
  [['recording', 'dedup_window'], fc.nat(1000), [-1]],
  [['metrics', 'max_age_seconds'], fc.nat(1000), [null]],
  [['metrics', 'combine', 'cpu_percent'], fc.constantFrom('sum', 'max', 'mean'), ['min', null]],
  [['metrics', 'combine', 'values', 'queue'], fc.constantFrom('sum', 'max'), ['last', 1]],
  [['reflection', 'min_score'], fc.nat(100), [101]],
  [['reflection', 'weights', 'risk'], fc.nat(1000), [-1]],
  [['reflection', 'weights', 'banana'], fc.constant(undefined), [1]],
  [['curation', 'mode'], fc.constantFrom('apply', 'recommend', 'trial'), ['coin', 'other']],
  [['curation', 'ack_timeout_seconds'], fc.nat(1000), [-1, '1']],
  [['curation', 'refusals'], fc.constantFrom('any', 'majority'), ['none', true]],
  [['curation', 'cool_down'], fc.constant(undefined), [3]],
  [['curation', 'cooldown_seconds'], fc.nat(1000), [-1]],
  [['trial', 'block_tasks'], fc.integer({ min: 1, max: 10 }), [0]],
  [['trial', 'predict_by'], fc.subarray(['a', 'b'], { maxLength: 2 }), [['a', 'a'], 'a']],
  [['trial', 'outcome_timeout_seconds'], fc.integer({ min: 1, max: 9 }), [0, null]],
  [['trial', 'probation_tasks'], fc.integer({ min: 1, max: 9 }), [0, 1.5]],
  [['trial', 'probation_seconds'], fc.integer({ min: 1, max: 9 }), [0]],
  [['trial', 'holdback'], fc.constantFrom(0, 0.2), [0.21, -1]],
  [['trial', 'timeout_ms'], fc.double({ min: 0.1, noNaN: true, noDefaultInfinity: true }), [0]],
  [['trial', 'seed'], fc.string({ minLength: 1, maxLength: 128 }), ['', 7]],
  [['monitoring', 'log_level'], fc.constantFrom('info', 'debug'), ['loud']],
  [['ledger', 'retain_cycles'], fc.integer({ min: 1, max: 10 }), [0]],
  [['parameters', 'a', 'initial'], fc.double({ min: 0, max: 1, noNaN: true }), [-5]],
  [['parameters', 'a', 'max'], fc.integer({ min: 2, max: 10 }), ['x']],
  [['parameters', '__c'], fc.constant(undefined), [{ initial: 1 }]],
  [
    ['rules', 0, 'when'],
    fc.constant(RULE.when),
    ['foo', '1 +', 'window.count', 'window.count - 1'],
  ],
  [['rules', 0, 'type'], fc.constantFrom('metric', 'resource'), ['x', null]],
  [['rules', 0, 'target'], fc.constant('knob'), ['missing', '__x']],
  [
    ['rules', 0, 'new_value'],
    fc.constantFrom('1.0', RULE.new_value),
    ['adaptive', '', 'parameters.knob - 1'],
  ],
  [['rules', 0, 'reasoning'], fc.constant(RULE.reasoning), ['window.count', '"%s".format([])']],
  [['rules', 0, 'confidence'], fc.constantFrom(0, 1), [2]],
  [['rules', 0, 'for_seconds'], fc.nat(1000), [-1, 'x']],
  [['rules', 0, 'impact'], fc.constantFrom('positive'), [0]],
  [['rules', 0, 'id'], fc.constantFrom('a', 'b'), ['a b', 'r1']],
  [['rules', 0, 'mode'], fc.constantFrom('apply', 'recommend', 'trial'), ['coin']],
  [['rules', 0, 'primary'], fc.constantFrom('outcome', TOTAL, COST), ['cost', [], 3]],
  [['rules', 0, 'guards'], fc.subarray(['success', TOKENS], { maxLength: 2 }), ['success', {}]],
  [['rules', 0, 'on_harm'], fc.constantFrom('revert', 'pause', 'notify'), ['stop']],
  [['rules', 1, 'primary', 'measurement'], fc.constantFrom('cost', 'x'), ['latency', '', 5]],
  [['rules', 1, 'primary', 'better'], fc.constantFrom('lower', 'higher'), ['more', null]],
  [['rules', 1, 'primary', 'statistic'], fc.constantFrom('median', 'total'), ['share', null]],
  [['rules', 1, 'primary', 'banana'], fc.constant(undefined), [1]],
  [['rules', 1, 'guards', 0], fc.constantFrom('latency', TOTAL, TOKENS), ['outcome', 3, []]],
];

type Json = { [key: string | number]: Json };

function put(data: unknown, path: readonly (string | number)[], value: unknown): void {
  let current = data as Json;
  for (const part of path.slice(0, -1)) current = current[part] ??= {};
  if (value !== undefined) current[path.at(-1) ?? ''] = value as Json;
}

const textOf = (path: readonly (string | number)[]) =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .slice(1);

/** Configs with some keys, and the paths of those that were made faulty. */
const configsWith = (faultWeight: number) =>
  fc
    .tuple(
      ...CATALOGUE.map(([path, valid, faulty]) => {
        const faults = fc.constantFrom(...faulty);
        return fc.oneof(
          { weight: 2, arbitrary: valid.map((value) => ({ path, value, isFaulty: false })) },
          {
            weight: faultWeight,
            arbitrary: faults.map((value) => ({ path, value, isFaulty: true })),
          },
          { weight: 1, arbitrary: fc.constant({ path, value: undefined, isFaulty: false }) },
        );
      }),
    )
    .map((entries) => {
      const second = { ...RULE, id: 'r1', primary: { ...COST }, guards: ['latency', 'success'] };
      const data = {
        parameters: { knob: { initial: 1 }, a: { initial: 0, min: 0 } },
        rules: [{ ...RULE }, second],
      };
      for (const { path, value } of entries) put(data, path, value);
      const faulty = entries.filter((entry) => entry.isFaulty).map((entry) => entry.path);
      return { data, faulty };
    });
const configs = configsWith(1);

/** `r0` made `r1` makes the second of them the faulty one. */
function expectedPaths(data: { rules: { id: string }[] }, faulty: (string | number)[][]): string[] {
  return faulty
    .map(textOf)
    .map((path) => (path === 'rules[0].id' && data.rules[0]?.id === 'r1' ? 'rules[1].id' : path));
}

describe('random configs', () => {
  test('either load or name every fault, in YAML', () => {
    fc.assert(
      fc.property(configs, ({ data, faulty }) => {
        const text = stringify(data);
        const lines = text.split('\n');
        const faults = faultsOf(text);
        expect([...new Set(faults.map((fault) => fault.path))].sort()).toEqual(
          expectedPaths(data, faulty).sort(),
        );
        for (const { path, line } of faults) {
          const key = path.slice(path.lastIndexOf('.') + 1);
          expect(lines[line - 1]).toContain(/^rules.*\]$/.test(path) ? '- ' : key);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('either load or name every fault, in JSON; keys not known are warnings', () => {
    const unknown = ['curation.cool_down', 'reflection.weights.banana', 'rules[1].primary.banana'];
    fc.assert(
      fc.property(configs, fc.constantFrom(undefined, 1, '\t'), ({ data, faulty }, indent) => {
        const faults = faultsOf(JSON.stringify(data, null, indent), 'json');
        const expected = expectedPaths(data, faulty).filter((path) => !unknown.includes(path));
        expect([...new Set(faults.map((fault) => fault.path))].sort()).toEqual(expected.sort());
      }),
      { numRuns: 300 },
    );
  });

  test('those that load print as YAML that loads to the same', () => {
    fc.assert(
      fc.property(configsWith(0), ({ data }) => {
        const config = fromYaml(stringify(data));
        expect(comparable(fromYaml(printConfig(config)))).toEqual(comparable(config));
      }),
      { numRuns: 200 },
    );
  });
});

describe('printConfig', () => {
  test.each(['default', 'reference'])('%s.yaml', (name) => {
    const file = new URL(`../../config/${name}.yaml`, import.meta.url).pathname;
    const { config } = loadConfig(file);
    expect(comparable(fromYaml(printConfig(config)))).toEqual(comparable(config));
  });

  test('keeps what is easily lost', () => {
    const config = fromYaml(`
version: "1e3"
monitoring: {log_file: "/var/log/a b.log"}
parameters:
  fallback_strategy_threshold: {max_step: null, allowed: null}
  text: {initial: "007", allowed: ["007", "yes", "null", "", " x ", "a: b", "1_000"]}
  nothing: {initial: null}
  nested: {initial: {a: [1, {b: null}], "": "\\u2028"}}
rules:
  - id: "1"
    when: |-
      // a comment
      window.count > 1.0 &&
        true
    type: metric
    operation: remove
    target: text
    reasoning: '"tab \\t and ''quotes'' " + ''"'' '
    confidence: 0.30000000000000004
    impact: neutral
    mode: recommend
    primary: { measurement: "007", better: higher }
    guards: []
    on_harm: notify
  - id: guarded
    when: "true"
    type: metric
    operation: remove
    target: text
    reasoning: '""'
    confidence: 1
    impact: neutral
    primary: { metric: latency, statistic: total }
    guards:
      - { metric: success, margin: 0.01 }
      - { measurement: cost, better: lower, statistic: median, margin: 1e-7 }
curation: {ack_timeout_seconds: 0.5, refusals: majority}
trial: {seed: "1e3", timeout_ms: 1e-7, predict_by: [], outcome_timeout_seconds: 1e-7, holdback: 0}
tls: {certificate_file: "a b", key_file: "1", client_ca_file: c, allowed_names: ["1e3", "a: b"]}
tokens: {admin_file: "# no"}
`);
    expect(comparable(fromYaml(printConfig(config)))).toEqual(comparable(config));
    expect(config.version).toBe('1e3');
    expect(config.trial).toMatchObject({ seed: '1e3', timeoutMs: 1e-7 });
    expect(config.rules[0]).toMatchObject({ guards: [], onHarm: 'notify' });
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    ...['cycle', 'rules', ': ', '\n', '  ', '- ', '{', '}', '[', ']', '"', "'", ',', '&a ', '*a'],
    ...['!!', '|', '>', '#', '---', '%', '\t', '1', 'null', 'min_tasks', '<<', '?', '\\', '\0'],
  );
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
    fc.json(),
    configs
      .map(({ data }) => stringify(data))
      .chain((text) => fc.nat(text.length).map((cut) => text.slice(0, cut))),
  );

  test.each(['yaml', 'json'] as const)('loads, or is refused with faults, as %s', (format) => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseConfig(text, 'x', format);
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          const { faults } = error as ConfigError;
          expect(faults.length).toBeGreaterThan(0);
          for (const fault of faults) expect(fault.line).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1500 },
    );
  });
});
