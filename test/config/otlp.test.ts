import { expect, test } from 'vitest';
import type { SpanContext } from '../../src/domain/otlp.ts';
import { faultsOf, fromYaml } from './support.ts';

const SPAN: SpanContext = {
  id: 't1',
  agent: '',
  span: { name: 'task', kind: 'INTERNAL', status: 'OK', attributes: { cost: 0.5, kind: 'code' } },
  scope: { name: 's', version: '1' },
  resource: { 'service.name': 'orchestrator' },
  errorType: '',
  durationMs: 12,
};

function otlpOf(text: string) {
  return fromYaml(`otlp:\n${text}`).otlp;
}

test('by default: off, tasks are spans with an id, nothing else is mapped', () => {
  const { otlp } = fromYaml('');
  expect(otlp).toMatchObject({
    enabled: false,
    id: ['learning.task_id'],
    labels: [],
    maxRequestBytes: 64 * 1024 * 1024,
  });
  expect(otlp.isTask(SPAN)).toBe(true);
  expect(otlp.isTask({ ...SPAN, id: '' })).toBe(false);
  expect(otlp.status(SPAN)).toBe('');
  expect(otlp.measurements).toEqual([]);
  expect(otlp.metrics.size).toBe(0);
});

test('expressions see the span, and their attributes are kept', () => {
  const otlp = otlpOf(`
  tasks: 'span.attributes["kind"] == "code" && resource["service.name"].startsWith("orch")'
  status: 'duration_ms > 10.0 ? "timeout" : ""'
  measurements: { cost: span.attributes.cost }
  labels: [tier]`);
  expect(otlp.isTask(SPAN)).toBe(true);
  expect(otlp.status(SPAN)).toBe('timeout');
  expect(otlp.measurements.map(([name, numberOf]) => [name, numberOf(SPAN)])).toEqual([
    ['cost', 0.5],
  ]);
  for (const name of ['kind', 'cost', 'tier', 'service.name', 'learning.task_id']) {
    expect(otlp.attributes).toContain(name);
  }
});

test('an expression that cannot be evaluated gives nothing', () => {
  const otlp = otlpOf(`
  tasks: 'span.attributes["no.such"] == "x"'
  status: 'span.attributes["no.such"]'
  measurements: { cost: 'span.attributes["no.such"]' }`);
  expect(otlp.isTask(SPAN)).toBe(false);
  expect(otlp.status(SPAN)).toBe('');
  expect(otlp.measurements[0]?.[1](SPAN)).toBeUndefined();
});

test.for([
  ['tasks: "spam.name == 1"', 'otlp.tasks', 'expected one of id, agent, span'],
  ['tasks: "span.nam == \\"x\\""', 'otlp.tasks', 'expected a field of span, found nam'],
  ['tasks: "span.name"', 'otlp.tasks', 'expected true or false'],
  ['tasks: "id =="', 'otlp.tasks', 'expected CEL that can be read'],
  ['status: "1.0"', 'otlp.status', 'expected a text'],
  ['status: "\\"done\\""', 'otlp.status', 'expected success, failure, timeout, cancelled or ""'],
  ['measurements: { cost: "span.name" }', 'otlp.measurements.cost', 'expected a number'],
  ['measurements: { cost: "duration_ms + 1" }', 'otlp.measurements.cost', 'need a decimal point'],
  [
    'metrics: { a: { cpu_percent: "span.name" } }',
    'otlp.metrics.a.cpu_percent',
    'expected one of value',
  ],
  ['metrics: { a: { values: { b: "id" } } }', 'otlp.metrics.a.values.b', 'expected one of value'],
  ['metrics: { a: { cpu: "value" } }', 'otlp.metrics.a.cpu', 'expected one of sub_agent_count'],
  ['max_request_bytes: 1', 'otlp.max_request_bytes', 'expected a whole number from 65536'],
  ['id: x', 'otlp.id', 'expected a list of attributes'],
] as const)('%s: the fault names the key', ([line, path, message]) => {
  const [fault, ...others] = faultsOf(`otlp:\n  ${line}\n`);
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ path, line: 2 });
  expect(fault?.message).toContain(message);
});
