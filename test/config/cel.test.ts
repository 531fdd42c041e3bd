import { describe, expect, test } from 'vitest';
import type { RuleContext } from '../../src/domain/rule.ts';
import type { Value } from '../../src/domain/value.ts';
import { contextOf, faultsOf, fromYaml, ruleYaml } from './support.ts';

/** The faults of one rule, as `when: message`. */
function faultsOfRule(fields: Record<string, unknown>, parameters: object = {}): string[] {
  const faults = faultsOf(ruleYaml(fields, parameters));
  return faults.map((fault) => `${fault.path.replace('rules[0].', '')}: ${fault.message}`);
}

const faultsOfWhen = (when: string, parameters?: object) => faultsOfRule({ when }, parameters);

function ruleOf(fields: Record<string, unknown>, parameters?: object) {
  const rule = fromYaml(ruleYaml(fields, parameters)).rules[0];
  if (rule === undefined) throw new Error('expected a rule');
  return rule;
}

/** What an expression gives as the value of a parameter of any kind. */
function evaluate(expression: string, context: RuleContext, parameters: object = {}): Value {
  const fields = { target: 'any', new_value: expression };
  const value = ruleOf(fields, { any: { initial: null }, ...parameters }).newValue(context);
  if (value === undefined) throw new Error('expected a value');
  return value;
}

describe('what loads', () => {
  test.each([
    'window.count > 8',
    'window.count == 30 && window.statuses.failure >= 1.0',
    'metrics["cpu_percent"] > 85.0',
    'metrics.values.queue > 10.0 || metrics.values["other queue"] > 1.0',
    'window.measurements.cost / (window.count - window.count) > 1.0',
    'has(window.measurements.cost) && window.measurements.cost > 3.0',
    '"cost" in window.measurements',
    'window.measurements.exists(k, window.measurements[k] > 10.0)',
    'metrics.values.all(k, metrics.values[k] < 3.0)',
    'parameters.knob * 2.0 < 3.0',
    'parameters["knob"] > 1',
    '1 / int(window.count) == 0',
    '[1, 2][int(window.count)] == 3',
    '[1.0, 2.0].map(x, x * parameters.knob).exists(y, y > 1.0)',
    '[[1.0], [2.0]].exists(l, l.exists(x, x > 1.0))',
    'parameters.list.map(x, x + 1.0)[0] == 2.0',
    'parameters.object.inner.deep == "x"',
    'parameters.object[parameters.key] == 1.0',
    'int(string(parameters.knob)) % 2 == 0',
    'type(parameters.knob) == double',
    'strings.quote("a") == "\\"a\\"" && "a,b".split(",").size() == 2',
    'window.success_rate < 0.5 ? true : parameters.flag',
    'duration("1h") > duration("1m")',
    '"a".matches("^[a-z]$")',
    'dyn(1) == 1.0',
    '{"a": 1.0}["a"] == 1.0',
  ])('%s', (when) => {
    const parameters = {
      list: { initial: [1, 2] },
      object: { initial: { inner: { deep: 'x' } } },
      key: { initial: 'missing' },
      flag: { initial: false },
    };
    expect(faultsOfWhen(when, parameters)).toEqual([]);
  });
});

describe('what does not load', () => {
  test.each([
    ['window.cuont > 1.0', 'expected a field of window, found cuont (did you mean "count"?)'],
    ['window["cuont"] > 1.0', 'expected a field of window, found cuont'],
    ['has(window.cuont)', 'expected a field of window, found cuont'],
    ['window.statuses.ok > 1.0', 'expected a field of window.statuses, found ok'],
    ['metrics.cpu > 1.0', 'expected a field of metrics, found cpu'],
    ['parameters.knbo > 1.0', 'expected a declared parameter, found knbo (did you mean "knob"?)'],
    ['sequential == "x"', 'a text needs quotes of its own: "sequential"'],
    ['windows.count > 1.0', 'found windows (did you mean "window"?)'],
    ['[1.0].exists(x, y > 1.0)', 'found y'],
    ['[1.0].exists(x, x > 1.0) && x', 'found x'],
    ['window.count > max(1.0, 2.0)', 'expected a function of CEL, found max'],
    ['"a".startWith("b")', 'found startWith (did you mean "startsWith"?)'],
    ['has(parameters)', 'has(window.measurements.cost)'],
    ['[1.0].map(1, 2)', 'list.map(x, x > 1.0)'],
    ['parameters.knob - 1 > 0.0', 'literals need a decimal point: 1.0, not 1'],
    ['window.count * 2 > 3.0', '* does not take double and int'],
    ['window.count % 2.0 == 0.0', 'int(a) % int(b)'],
    ['"a" + window.count == "a1"', 'string(…)'],
    ['window.count', 'expected true or false, found a number'],
    ['"true"', 'expected true or false, found a text'],
    ['window.count > 1e9 && window.count', '`window.count`: expected true or false'],
    ['true || 5', '`5`: expected true or false, found a number'],
    ['window.count > 1e9 && window.count - 1 > 0.0', 'decimal point'],
    ['window.count ? true : false', '`window.count`: expected true or false'],
    ['true ? true : window.count + 1 > 0.0', 'decimal point'],
    ['window.count > 0.0 ? true : "no"', 'expected branches of one type, found bool and string'],
    ['(window.count > 0.0 ? "x" : null) == null', 'of one type, found string and null_type'],
    ['string(window.count > 0.0 ? 1 : 2.5) == ""', 'int and double; every number'],
    ['[1.0, 2.0, 3.0, 4.0, "a"].exists(x, x + 1.0 > 0.0)', 'does not take string and double'],
    ['[1.0, 2.0].exists(x, x + 1 > 0.0)', 'decimal point'],
    ['[1.0, 2.0].all(x, x)', '`x`: expected true or false'],
    [
      'window.measurements.exists(k, k > 1.0) && window.measurements.a > 0.0',
      'does not take string',
    ],
    ['metrics.values.exists(k, metrics.values[k] + 1 > 0.0)', 'decimal point'],
    ['parameters.knob + "x" == "x"', '+ does not take double and string'],
    ['1 / 0 == 1', 'divide by zero'],
    ['"%d".format([window.count]) == "1"', '%d is for ints; write %.0f'],
    ['"%s %s".format([1.0]) == ""', 'nothing is given for %s'],
    ['"%s".format([1.0, 2.0]) == ""', '2 values for 1 clauses'],
    ['"%.101f".format([1.0]) == ""', 'more than 100 decimals'],
    ['"%q".format([1.0]) == ""', 'unrecognized formatting clause'],
    ['"%".format([1.0]) == ""', 'format'],
    ['"a".matches("(")', 'missing closing )'],
    ['Foo{a: 1} == 3', 'expected a map, found a message Foo'],
    ['window.count >', 'expected CEL'],
    ['"\\ud800" == ""', 'surrogate'],
  ])('%s', (when, message) => {
    const faults = faultsOfWhen(when);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^when: /);
    expect(faults[0]).toContain(message);
  });

  test('every fault of an expression is named', () => {
    expect(faultsOfWhen('window.a > 1.0 && window.b > 1.0')).toHaveLength(2);
    expect(faultsOfWhen('window.count - 1 > 0.0 || window.count * 2 > 0.0')).toHaveLength(2);
  });

  test('what each field is to give', () => {
    expect(faultsOfRule({ reasoning: 'window.count' })[0]).toContain('expected a text');
    expect(faultsOfRule({ new_value: '"x"' })[0]).toContain('expected a number, found a text');
    expect(faultsOfRule({ new_value: 'window' })[0]).toContain('expected a number, found a map');
    expect(faultsOfRule({ old_value: 'true' })[0]).toContain('expected a number');
    const any = { target: 'any' };
    const declared = { any: { initial: null } };
    for (const value of ['b"x"', 'timestamp("2026-01-01T00:00:00Z")', 'duration("1s")', 'int']) {
      expect(faultsOfRule({ ...any, new_value: value }, declared)[0]).toContain('JSON value');
    }
    expect(faultsOfRule({ ...any, new_value: '{1: 2}' }, declared)[0]).toContain('texts as keys');
    expect(faultsOfRule({ ...any, new_value: '1.0 / 0.0' }, declared)).toEqual([]);
  });

  test('what it may cost is bounded', () => {
    expect(faultsOfWhen(`${' '.repeat(4093)}true`)[0]).toContain('at most 4096 characters');
    expect(faultsOfWhen(`${'!'.repeat(101)}true`)).toEqual([]);
    expect(faultsOfWhen(`1${'+1'.repeat(101)} > 0`)[0]).toContain('at most 100 levels');
    expect(faultsOfWhen(`${'('.repeat(1500)}true${')'.repeat(1500)}`)[0]).toContain('levels');
    const nest = (inner: string) => `[1, 2].exists(x, ${inner})`;
    expect(faultsOfWhen(nest(nest('true')))).toEqual([]);
    expect(faultsOfWhen(nest(nest(nest('true'))))[0]).toContain('at most 2 deep');
    const list = (count: number) => `[${Array(count).fill('1').join(',')}] == []`;
    expect(faultsOfWhen(list(100))).toEqual([]);
    expect(faultsOfWhen(list(101))[0]).toContain('at most 100 elements');
  });

  test('what it costs on the values of the config is bounded', () => {
    const when = 'parameters.list.all(a, parameters.list.all(b, a <= b || true))';
    const listOf = (count: number) => ({ list: { initial: Array(count).fill(1) } });
    const faults = (count: number) => faultsOf(ruleYaml({ when }, listOf(count)));
    expect(faults(100)).toEqual([]);
    expect(faults(300)).toMatchObject([
      {
        path: 'rules[0].when',
        message: expect.stringContaining('expected at most 20000 steps of macros, found more'),
      },
    ]);
  });

  test('what it may make is bounded, in no time', () => {
    const start = performance.now();
    const doubled = (seed: string) => `[${seed}]${'.map(x, x + x)'.repeat(60)} == []`;
    expect(faultsOfWhen(doubled('"a"'))[0]).toContain('at most 4096 characters');
    expect(faultsOfWhen(doubled('b"a"'))[0]).toContain('at most 4096 characters');
    expect(faultsOfWhen(doubled('[1]'))[0]).toContain('at most 4096 elements');
    const grown = `"a"${'.replace("a", "aaaaaaaaaaaaaaaa")'.repeat(60)} == ""`;
    expect(faultsOfWhen(grown)[0]).toContain('at most 4096 characters');
    const joined = `[${Array(100).fill('"%.100f"').join()}].join("${'x'.repeat(900)}") == ""`;
    expect(faultsOfWhen(joined)[0]).toContain('at most 4096 characters');
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('the line of a fault is that within a literal block', () => {
    const text = `parameters: {knob: {initial: 1}}
rules:
  - id: r
    when: |
      window.count > 1.0
        && window.cuont > 1.0
    type: resource
    operation: adjust
    target: knob
    new_value: parameters.knob + 1
    reasoning: '"x"'
    confidence: 1
    impact: neutral
`;
    expect(faultsOf(text).map((fault) => [fault.line, fault.path])).toEqual([
      [6, 'rules[0].when'],
      [10, 'rules[0].new_value'],
    ]);
    expect(faultsOf(text)[0]?.message).toContain('at line 2, character');
  });

  test('a built-in rule that no longer fits its parameter says which it is', () => {
    const faults = faultsOf(
      'parameters: {fallback_strategy_threshold: {initial: x, min: null, max: null, max_step: null}}',
    );
    expect(new Set(faults.map(({ path, line }) => `${line} ${path}`))).toEqual(
      new Set(['1 rules[1].new_value', '1 rules[4].new_value']),
    );
    for (const { message } of faults) expect(message).toContain('(a built-in rule)');
  });
});

describe('parameters that a rule adds', () => {
  const rules = (second: string) => {
    const first = JSON.parse(ruleYaml({ id: 'a', operation: 'add', target: 'new' })).rules[0];
    const other = { ...first, id: 'b', operation: 'remove', when: second, new_value: undefined };
    return JSON.stringify({ rules: [first, other] });
  };

  test('may be used, with the kind that is added', () => {
    expect(faultsOf(rules('parameters.new > 1.0'))).toEqual([]);
    expect(faultsOf(rules('has(parameters.new) && parameters.new > 1.0'))).toEqual([]);
    expect(faultsOf(rules('parameters.new > "x"'))).toHaveLength(1);
  });
});

describe('what expressions give', () => {
  const context = contextOf({
    window: { count: 30, avgLatencyMs: 144.5, successRate: 0.6665, measurements: { cost: 2 } },
    metrics: { cpuPercent: 90, values: { queue: 3 } },
    parameters: { knob: 2, list: [1, [2]], object: { a: { b: 1 } }, nothing: null },
  });
  const declared = {
    list: { initial: [] },
    object: { initial: {} },
    nothing: { initial: null },
  };

  test.each<[string, Value]>([
    ['int(window.avg_latency_ms)', 144],
    ['uint(3)', 3],
    ['window.avg_latency_ms', 144.5],
    ['string(metrics.cpu_percent)', '90'],
    ['string(85.1)', '85.1'],
    ['"%s %.0f %.1f%%".format([90.0, 144.5, 66.65])', '90 144 66.7%'],
    ['"%d %x %s %e".format([7, 255, [1.0, "a"], 2.5])', '7 ff [1, a] 2.500000e+00'],
    ['"%s".format([0.5]) + "%f".format([0.5])', '0.50.500000'],
    ['"banana".replace("a", "o") + "banana".replace("a", "o", 2)', 'bononobonona'],
    ['"abc".replace("b", "$&") + "ab".replace("", "-")', 'a$&c-a-b-'],
    ['["a", "b"].join("-") + ["a"].join() + "ab".replace("a", "x", 0)', 'a-baab'],
    ['([1] + [2.5, "x"]).map(x, x)', [1, 2.5, 'x']],
    ['[1, 2.5, "x", null, true]', [1, 2.5, 'x', null, true]],
    ['{"a": {"b": [1]}}', { a: { b: [1] } }],
    ['{"__proto__": 1}.size()', 1],
    ['parameters.list', [1, [2]]],
    ['parameters.list[1][0] + 0.5', 2.5],
    ['parameters.object.a', { b: 1 }],
    ['parameters.object.a.b / 2.0', 0.5],
    ['parameters.nothing', null],
    ['-0.0', 0],
    ['type(parameters.list[0]) == double', true],
    ['type(window.statuses.success) == double && type(metrics.sub_agent_count) == double', true],
    ['metrics.values.queue + metrics.values.unknown + metrics.values["un known"]', 3],
    ['metrics.values[window.count > 1.0 ? "queue" : "x"]', 3],
    ['has(metrics.values.queue) && !has(metrics.values.unknown)', true],
    ['"queue" in metrics.values && !("unknown" in metrics.values)', true],
    ['metrics.values.map(k, k)', ['queue']],
    ['has(window.measurements.cost) && !has(window.measurements.price)', true],
    ['has(window.measurements.price) ? window.measurements.price : -1.0', -1],
    ['window.measurements.map(k, window.measurements[k])', [2]],
    ['window.statuses.map(k, k).size()', 5],
    ['window.measurements == {"cost": 2.0} && parameters.object == {"a": {"b": 1.0}}', true],
    ['1 in parameters', false],
    ['"x" + (has(parameters.knob) ? "y" : "z")', 'xy'],
  ])('%s is %j', (expression, value) => {
    expect(evaluate(expression, context, declared)).toEqual(value);
  });

  test('metrics that were never reported are 0', () => {
    const empty = contextOf();
    expect(evaluate('metrics.cpu_percent + metrics.values.a', empty)).toBe(0);
    expect(evaluate('metrics.values.size() + int(metrics.sub_agent_count)', empty)).toBe(0);
  });

  test('what cannot be evaluated throws and says of which rule', () => {
    const missing = ruleOf({ when: 'window.measurements.cost > 1.0' });
    expect(() => missing.when(contextOf())).toThrow('when of rule r: field not found: cost');
    const infinite = ruleOf({ new_value: '1.0 / (window.count - 30.0)' });
    expect(() => infinite.newValue(contextOf())).toThrow('expected a finite number');
    const changed = ruleOf({ new_value: 'parameters.knob + 1.0' });
    expect(() => changed.newValue(contextOf({ parameters: { knob: 'x' } }))).toThrow('overload');
    const kind = ruleOf({ when: 'parameters.flag' }, { flag: { initial: true } });
    expect(() => kind.when(contextOf({ parameters: { flag: 1 } }))).toThrow('expected a boolean');
    expect(() => kind.when(contextOf({ parameters: {} }))).toThrow('when of rule r');
  });

  test('remove gives no value; a rule without old_value has none', () => {
    const rule = ruleOf({ operation: 'remove', new_value: undefined });
    expect(rule.newValue(contextOf())).toBeUndefined();
    expect(rule.oldValue).toBeUndefined();
  });

  test('numbers and booleans in YAML are expressions', () => {
    const rule = ruleOf({ when: true, new_value: 0.75, old_value: 3 });
    expect(rule.when(contextOf())).toBe(true);
    expect([rule.newValue(contextOf()), rule.oldValue?.(contextOf())]).toEqual([0.75, 3]);
  });

  test('whether a rule uses metrics', () => {
    expect(ruleOf({}).usesMetrics).toBe(false);
    for (const field of ['when', 'new_value', 'old_value', 'reasoning']) {
      const prefix = field === 'when' ? 'metrics.cpu_percent > 1.0' : 'metrics.values.a';
      const text = field === 'reasoning' ? 'string(metrics.cpu_percent)' : prefix;
      expect(ruleOf({ [field]: text }).usesMetrics).toBe(true);
    }
    expect(ruleOf({ when: '[1].exists(metrics, metrics > 1)' }).usesMetrics).toBe(false);
    expect(ruleOf({ when: 'has(metrics.values.a)' }).usesMetrics).toBe(true);
  });

  test('an evaluation takes about a microsecond', () => {
    const rule = ruleOf({ when: 'window.success_rate < 0.85' });
    const start = performance.now();
    for (let run = 0; run < 10_000; run += 1) rule.when(context);
    // Ten to fifty times what it takes: only a change of its order is to fail.
    expect((performance.now() - start) / 10_000).toBeLessThan(0.05);
  });
});
