import { describe, expect, test } from 'vitest';
import { faultsOf, ruleYaml } from './support.ts';

/** `cycle.min_tasks` and a value as JSON, which is YAML too. */
function textOf(path: string, value: unknown): string {
  let data = value;
  for (const key of path.split('.').reverse()) data = { [key]: data };
  return JSON.stringify(data);
}

// Path, values just within the bounds, values just outside of them.
const BOUNDS: [string, unknown[], unknown[]][] = [
  ['cycle.enabled', [true, false], [1, 'yes', null]],
  ['cycle.interval_seconds', [0.05, 86_400], [0, -1, 86_400.5, '30', null]],
  ['cycle.history_limit', [30, 100_000], [0, 1.5, 100_001]],
  ['cycle.analysis_window', [1, 100], [0, 1.5, 101, 100_001]],
  ['cycle.min_tasks', [1, 100], [0, 1.5, 101]],
  ['cycle.max_age_seconds', [0, 0.5, 31_536_000], [-1, 31_536_001, null]],
  ['recording.dedup_window', [0, 10_000_000], [-1, 0.5, 10_000_001]],
  ['metrics.max_age_seconds', [0, 0.5, 31_536_000], [-1, 31_536_001]],
  ['metrics.combine.sub_agent_count', ['sum', 'max', 'mean'], ['median', 3, null]],
  ['metrics.combine.cpu_percent', ['sum', 'max', 'mean'], ['min', null]],
  ['metrics.combine.values.queue', ['sum', 'max', 'mean'], ['first', 1, null]],
  ['reflection.min_score', [0, 65.5, 100], [-1, 100.1]],
  ['reflection.min_confidence', [0, 1], [-0.1, 1.1]],
  ['reflection.enforce_min_confidence', [false], ['no']],
  ['reflection.weights.confidence', [0, 1000], [-1, 1001]],
  ['reflection.weights.reasoning', [0, 1000], [-1, 1001]],
  ['reflection.weights.impact', [0, 1000], [-1, 1001]],
  ['reflection.weights.risk', [0, 1000], [-1, 1001]],
  ['curation.mode', ['apply', 'recommend', 'trial'], ['Apply', 'off', 1]],
  ['curation.suppress_unchanged', [true], [0]],
  ['curation.cooldown_seconds', [0, 31_536_000], [-1, 31_536_001]],
  ['curation.max_deltas_per_hour', [0, 1_000_000], [-1, 1.5, 1_000_001]],
  ['curation.proposal_ttl_seconds', [0.1, 31_536_000], [0, 31_536_001]],
  ['curation.ack_timeout_seconds', [0, 0.5, 31_536_000], [-1, 31_536_001, null]],
  ['curation.refusals', ['any', 'majority'], ['all', 0.5, null]],
  ['trial.assignment', ['auto', 'task', 'switchback'], ['coin']],
  ['trial.block_tasks', [1, 50], [0, 51, 1.5]],
  ['trial.pair_by', [[], ['a', 'b']], ['a', ['a', 'a']]],
  ['trial.predict_by', [[], ['a', 'b']], ['a', ['a', 'a'], null]],
  ['trial.probation_tasks', [1, 1_000_000], [0, 1.5, 1_000_001]],
  ['trial.probation_seconds', [0.1, 31_536_000], [0, 31_536_001]],
  ['trial.holdback', [0, 0.05, 0.2], [-0.01, 0.21, '0.1']],
  ['trial.pair_wait_tasks', [0, 100_000], [-1, 100_001]],
  ['trial.outcome_timeout_seconds', [0.1, 31_536_000], [0, 31_536_001, null]],
  ['trial.max_seconds', [0.1, 31_536_000], [0, 31_536_001]],
  ['trial.timeout_ms', [1e-9, 1, 1e300], [0, -1, '1', null]],
  ['trial.seed', ['1', ' ', 'x'.repeat(128)], ['', 'x'.repeat(129), 1, null]],
  ['monitoring.log_file', ['/a', 'x'.repeat(4096)], ['', 'x'.repeat(4097), 3]],
  ['monitoring.log_level', ['trace', 'fatal', 'silent'], ['INFO', 'warning']],
  ['ledger.retain_deltas', [1, 1_000_000], [0, 1_000_001]],
  ['ledger.retain_cycles', [1, 1_000_000], [0, 1_000_001]],
  ['ledger.backup.every_hours', [0.1, 24, 168], [0, 168.5, null]],
  ['ledger.backup.keep', [1, 1000], [0, 1.5, 1001]],
  ['version', ['1', 'x'.repeat(128)], ['', 'x'.repeat(129), true, null]],
  ['parameters.knob.initial', [null, 0, 'x', [1], { a: [true] }], []],
  ['parameters.max_cpu_per_agent.min', [null, -1e300, 100], ['1', 101]],
  ['parameters.max_cpu_per_agent.max', [null, 100, 1e300], ['1', 99]],
  ['parameters.max_cpu_per_agent.max_step', [null, 1e-9, 1e300], [0, -1, '1']],
  ['parameters.max_cpu_per_agent.allowed', [null, [100], [50, 100]], [[], 3]],
];

describe.each(BOUNDS)('%s', (path, within, outside) => {
  test.each(within.map((value) => ({ value })))('may be $value', ({ value }) => {
    expect(faultsOf(textOf(path, value))).toEqual([]);
  });

  test.each(outside.map((value) => ({ value })))('may not be $value', ({ value }) => {
    for (const format of ['yaml', 'json'] as const) {
      const faults = faultsOf(textOf(path, value), format);
      expect(faults.map((fault) => fault.path)).toEqual([path]);
      expect(faults[0]?.message).toMatch(/^expected .+found .+/);
    }
  });
});

const COST = { measurement: 'cost', better: 'lower' };
const TOTAL = { metric: 'latency', statistic: 'total' };
const metrics = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ measurement: `m${index}`, better: 'higher' }));

const RULE_BOUNDS: [string, unknown[], unknown[]][] = [
  ['id', ['a', '9', 'a.b-c_d', 'x'.repeat(128)], ['', 'a b', 'x'.repeat(129), 3]],
  ['type', ['coordination', 'strategy', 'resource', 'metric'], ['other', null]],
  ['operation', ['modify', 'add', 'adjust'], ['set', 3]],
  ['target', ['knob'], ['__knob', 'unknown', '', 3]],
  ['confidence', [0, 1], [-0.1, 1.1, '1']],
  ['impact', ['positive', 'neutral', 'negative'], ['good']],
  ['mode', ['apply', 'recommend', 'trial'], ['off', null]],
  ['primary', ['outcome', 'latency', 'success', TOTAL, COST], ['cost', 3, null, []]],
  [
    'guards',
    [[], ['success'], ['latency', 'success'], [TOTAL], [COST], metrics(8)],
    ['success', COST, null, metrics(9)],
  ],
  ['for_seconds', [0, 0.5, 31_536_000], [-1, 31_536_001, '1', null]],
  ['on_harm', ['revert', 'pause', 'notify'], ['stop', null]],
  ['when', ['true', true, ' true '.repeat(1)], [null, [], 'x'.repeat(4097), '', 1]],
  ['reasoning', ['""'], [3, null, '']],
  ['new_value', [2, '2', 2.5, '2.5'], [null, true, '"x"']],
  ['old_value', [2, '2'], [null, '"x"']],
];

describe.each(RULE_BOUNDS)('rules[].%s', (key, within, outside) => {
  test.each(within.map((value) => ({ value })))('may be $value', ({ value }) => {
    expect(faultsOf(ruleYaml({ [key]: value }))).toEqual([]);
  });

  test.each(outside.map((value) => ({ value })))('may not be $value', ({ value }) => {
    const faults = faultsOf(ruleYaml({ [key]: value }));
    expect(faults.map((fault) => fault.path)).toEqual([`rules[0].${key}`]);
  });
});

const METRIC_BOUNDS: [string, unknown[], unknown[]][] = [
  ['measurement', ['x', 'Latency', 'latency_ms', 'x'.repeat(64)], ['latency', 'success', '', 3]],
  ['measurement', ['tokens.in'], ['x'.repeat(65), null, undefined]],
  ['measurement', ['Outcome'], ['outcome', '__proto__']],
  ['better', ['lower', 'higher'], ['more', null, undefined]],
  ['statistic', ['median', 'total', undefined], ['mean', 'share', null, 3]],
];

describe.each(METRIC_BOUNDS)('%s of a metric', (key, within, outside) => {
  const rulesWith = (value: unknown) => {
    const metric = { ...COST, [key]: value };
    return {
      primary: ruleYaml({ primary: metric }),
      'guards[1]': ruleYaml({ guards: ['success', metric] }),
    };
  };

  test.each(within.map((value) => ({ value })))('may be $value', ({ value }) => {
    for (const text of Object.values(rulesWith(value))) expect(faultsOf(text)).toEqual([]);
  });

  test.each(outside.map((value) => ({ value })))('may not be $value', ({ value }) => {
    for (const [path, text] of Object.entries(rulesWith(value))) {
      const faults = faultsOf(text);
      expect(faults.map((fault) => fault.path)).toEqual([`rules[0].${path}.${key}`]);
      expect(faults[0]?.message).toMatch(/^expected .+found .+/);
    }
  });
});

const MARGINS = [
  [1e-9, 0.05, 0.999, undefined],
  [0, 1, -0.1, '5%', null],
] as const;

describe.each([COST, TOTAL, { metric: 'success' }])('margin of %j', (metric) => {
  const withMargin = (margin: unknown) => ruleYaml({ guards: [{ ...metric, margin }] });

  test.each(MARGINS[0].map((value) => ({ value })))('may be $value', ({ value }) => {
    expect(faultsOf(withMargin(value))).toEqual([]);
  });

  test.each(MARGINS[1].map((value) => ({ value })))('may not be $value', ({ value }) => {
    expect(faultsOf(withMargin(value))).toMatchObject([
      {
        path: 'rules[0].guards[0].margin',
        message: expect.stringMatching(/^expected a number above 0 and below 1, found /),
      },
    ]);
  });
});

describe('counts', () => {
  const parameters = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, { initial: 1 }]));
  const rules = (count: number) => {
    const { rules } = JSON.parse(ruleYaml({}));
    return Array.from({ length: count }, (_, index) => ({ ...rules[0], id: `r${index}` }));
  };
  const knob = { knob: { initial: 1 } };

  test('at most 1000 parameters, the built-in ones among them', () => {
    expect(faultsOf(JSON.stringify({ parameters: parameters(997) }))).toEqual([]);
    const faults = faultsOf(JSON.stringify({ parameters: parameters(998) }));
    expect(faults.map((fault) => fault.path)).toEqual(['parameters']);
  });

  test('parameters that rules add count, too', () => {
    const { rules } = JSON.parse(
      ruleYaml({ operation: 'add', target: 'new_one', new_value: '1.0' }),
    );
    const withRules = (count: number) =>
      faultsOf(JSON.stringify({ parameters: { ...knob, ...parameters(count) }, rules }));
    expect(withRules(998)).toEqual([]);
    expect(withRules(999)).toMatchObject([
      { path: 'parameters', message: 'expected at most 1000 parameters, found 1001' },
    ]);
  });

  test('a value has at most 3800 bytes on the wire', () => {
    const text = (initial: unknown) => JSON.stringify({ parameters: { a: { initial } } });
    expect(faultsOf(text('x'.repeat(3797)))).toEqual([]);
    for (const [initial, bytes] of [
      ['x'.repeat(3798), 3801],
      ['é'.repeat(1900), 3803],
      [Array(500).fill(1), 5503],
    ] as const) {
      const message = `expected at most 3800 bytes as a google.protobuf.Value, got ${bytes}`;
      expect(faultsOf(text(initial))).toMatchObject([{ path: 'parameters.a.initial', message }]);
    }
  });

  test('at most 1000 rules', () => {
    expect(faultsOf(JSON.stringify({ parameters: knob, rules: rules(1000) }))).toEqual([]);
    const faults = faultsOf(JSON.stringify({ parameters: knob, rules: rules(1001) }));
    expect(faults.map((fault) => fault.path)).toEqual(['rules']);
  });

  test('values are nested at most 16 levels', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    const text = (depth: number) => `parameters: {a: {initial: ${nested(depth)}}}`;
    expect(faultsOf(text(16))).toEqual([]);
    expect(faultsOf(text(17)).map((fault) => fault.path)).toEqual(['parameters.a.initial']);
  });

  test.each(['__x', '1x', 'a b', '', 'x'.repeat(129)])('%j is no name', (name) => {
    const faults = faultsOf(JSON.stringify({ parameters: { [name]: { initial: 1 } } }));
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain("a parameter's name");
  });

  test.each(['_x', 'X', 'a.b-c_1', 'x'.repeat(128)])('%j is a name', (name) => {
    expect(faultsOf(JSON.stringify({ parameters: { [name]: { initial: 1 } } }))).toEqual([]);
  });
});
