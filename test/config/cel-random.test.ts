import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/fault.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { RuleContext } from '../../src/domain/rule.ts';
import { contextOf, ruleYaml } from './support.ts';

/** Expressions, sound or not, whose errors never depend on the data they are given. */
const { expression } = fc.letrec<{ expression: string; leaf: string }>((tie) => ({
  leaf: fc.constantFrom(
    ...['1', '2.5', 'true', 'false', '"text"', 'null', '[1.0, 2.0]', '["a"]', '{"a": 1.0}'],
    ...['window.count', 'window.success_rate', 'window.statuses.failure', 'window.measurements'],
    ...['metrics.cpu_percent', 'metrics.values.queue', 'metrics.values', 'parameters.knob'],
    ...['parameters.flag', 'parameters.list', 'window.measurements.cost', 'x', 'foo', 'window.x'],
  ),
  expression: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'expression' },
    tie('leaf'),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '-', '*', '/', '<', '>=', '==', '!=', '&&', '||'),
        tie('expression'),
      )
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .map(([condition, a, b]) => `(${condition} ? ${a} : ${b})`),
    tie('expression').map((operand) => `!${operand}`),
    tie('expression').map((operand) => `string(${operand})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('exists', 'all', 'map', 'filter'),
        tie('expression'),
      )
      .map(([range, macro, body]) => `${range}.${macro}(x, ${body})`),
    tie('expression').map((value) => `"%s".format([${value}])`),
    tie('expression').map((value) => `"%.1f".format([${value}])`),
    fc.tuple(tie('expression'), tie('expression')).map(([item, list]) => `(${item} in ${list})`),
  ),
}));

const parameters = { flag: { initial: true }, list: { initial: [1, 2] } };

const contexts: RuleContext[] = [
  [1e-300, 0, 0],
  [30, 0.5, 1],
  [1e15, 1, 7],
].map(([size = 0, share = 0, count = 0]) =>
  contextOf({
    window: { count, avgLatencyMs: size, successRate: share, measurements: { cost: size, a: 1 } },
    metrics: { cpuPercent: size, values: { queue: size, sample: share } },
    parameters: { knob: size, flag: share > 0, list: [size, share] },
  }),
);

describe('random expressions', () => {
  test('that load can be evaluated on any context, and give what they are to give', () => {
    let loaded = 0;
    const property = fc.property(
      expression,
      fc.constantFrom('when', 'reasoning'),
      (text, field) => {
        const rule = load(ruleYaml({ [field]: text }, parameters));
        if (rule === undefined) return;
        loaded += 1;
        const kind = field === 'when' ? 'boolean' : 'string';
        for (const context of contexts) {
          const result = field === 'when' ? rule.when(context) : rule.reasoning(context);
          expect(typeof result).toBe(kind);
        }
      },
    );
    fc.assert(property, { numRuns: 4000 });
    // The property says nothing where next to nothing loads.
    expect(loaded).toBeGreaterThan(50);
  });

  test('of any characters load or are refused', () => {
    const pieces = fc.constantFrom(
      ...['window', '.', 'count', '[', ']', '(', ')', '{', '}', '"', '\\', 'b"', '?', ':', ','],
      ...['1', '1u', '0x', '.5', '-', '!', 'has(', '.map(', 'x', '@result', '$', '\n', '//', 'in'],
    );
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 15 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        load(ruleYaml({ when: text }));
      }),
      { numRuns: 2000 },
    );
  });
});

function load(text: string) {
  try {
    return parseConfig(text, 'x', 'json').config.rules[0];
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
