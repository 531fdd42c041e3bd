import type { InstrumentMapping, NumberOf, OtlpSettings, SpanContext } from '../domain/otlp.ts';
import { TASK_STATUSES } from '../domain/task.ts';
import type { Value, ValueKind } from '../domain/value.ts';
import type { Bindings } from './cel/bindings.ts';
import { stepLimit } from './cel/budget.ts';
import { type Expression, evaluatorOf, readExpression, tryExpression } from './cel/expression.ts';
import type { Scope } from './cel/names.ts';
import {
  POINT_SAMPLES,
  POINT_SCOPE,
  pointBindings,
  SPAN_SAMPLES,
  SPAN_SCOPE,
  spanBindings,
} from './cel/span-bindings.ts';
import { childrenOf, type Expr } from './cel/syntax.ts';
import { textsOf } from './cel/texts.ts';
import type { ConfigPath } from './fault.ts';
import type { Sections } from './keys/sections.ts';
import { type PlacedFault, placeFault } from './placed-fault.ts';

type OtlpText = Sections['otlp'];

/** Steps of macros in one evaluation, of which there may be several a span. */
const MAX_STEPS = 1000;

/** The default of `tasks`, which is not evaluated as CEL: most spans carry no id, and each is asked about. */
const BY_ID = 'id != ""';

/** An expression of the section. */
interface Site {
  readonly path: ConfigPath;
  readonly text: string;
  readonly expected: ValueKind;
  readonly isOfPoint: boolean;
}

/** Tries every expression of the section, each by itself. */
export function checkOtlp(otlp: OtlpText): readonly PlacedFault[] {
  return sitesOf(otlp).flatMap(({ path, text, expected, isOfPoint }) => {
    const read = readExpression(text, scopeOf(isOfPoint));
    const samples = isOfPoint ? POINT_SAMPLES : SPAN_SAMPLES;
    const faults =
      'faults' in read
        ? read.faults
        : [
            ...tryExpression(read.expression, samples, expected),
            ...(expected === 'string' ? checkWords(read.expression, samples) : []),
          ];
    return faults.map((fault) => placeFault(path, text, fault));
  });
}

/** The section, in which `checkOtlp` has found no fault. */
export function compileOtlp(otlp: OtlpText): OtlpSettings {
  const attributes = new Set([...otlp.id, ...otlp.labels]);
  const compile = (text: string, name: string, isOfPoint = false) => {
    const read = readExpression(text, scopeOf(isOfPoint));
    if ('faults' in read) throw new Error(`${name}: the expression has a fault`);
    for (const word of wordsIn(read.expression.syntax.expr)) attributes.add(word);
    return lenient(evaluatorOf(read.expression, name));
  };
  const numberOf = <C>(
    text: string,
    name: string,
    bind: (context: C) => Bindings,
    isOfPoint = false,
  ): NumberOf<C> => {
    const evaluate = compile(text, name, isOfPoint);
    return (context) => {
      const value = evaluate(bind(context));
      return typeof value === 'number' ? value : undefined;
    };
  };
  const pointNumber = (text: string | undefined, name: string) =>
    text === undefined ? undefined : numberOf(text, name, pointBindings, true);
  const isTask = otlp.tasks === BY_ID ? undefined : compile(otlp.tasks, 'otlp.tasks');
  const status = otlp.status === '' ? undefined : compile(otlp.status, 'otlp.status');
  const measurements = Object.entries(otlp.measurements).map(
    ([name, text]) => [name, numberOf(text, `otlp.measurements.${name}`, spanBindings)] as const,
  );
  const metrics = Object.entries(otlp.metrics).map(([name, text]): [string, InstrumentMapping] => {
    const values = Object.entries(text.values ?? {});
    return [
      name,
      {
        subAgentCount: pointNumber(text.sub_agent_count, 'sub_agent_count'),
        cpuPercent: pointNumber(text.cpu_percent, 'cpu_percent'),
        values: values.map(
          ([key, value]) => [key, numberOf(value, key, pointBindings, true)] as const,
        ),
      },
    ];
  });
  return {
    enabled: otlp.enabled,
    id: otlp.id,
    labels: otlp.labels,
    attributes,
    isTask: (context: SpanContext) =>
      isTask === undefined ? context.id !== '' : isTask(spanBindings(context)) === true,
    status: (context) => String(status?.(spanBindings(context)) ?? ''),
    measurements,
    metrics: new Map(metrics),
    maxRequestBytes: otlp.max_request_bytes,
  };
}

function sitesOf(otlp: OtlpText): readonly Site[] {
  const { tasks, status, measurements, metrics } = otlp;
  const site = (expected: ValueKind, text: string, ...path: string[]): Site => ({
    ...{ text, expected },
    path: ['otlp', ...path],
    isOfPoint: path[0] === 'metrics',
  });
  return [
    site('boolean', tasks, 'tasks'),
    ...(status === '' ? [] : [site('string', status, 'status')]),
    ...Object.entries(measurements).map(([name, text]) =>
      site('number', text, 'measurements', name),
    ),
    ...Object.entries(metrics).flatMap(([name, { values = {}, ...texts }]) => [
      ...Object.entries(texts).flatMap(([key, text]) =>
        text === undefined ? [] : [site('number', text, 'metrics', name, key)],
      ),
      ...Object.entries(values).map(([key, text]) =>
        site('number', text, 'metrics', name, 'values', key),
      ),
    ]),
  ];
}

function scopeOf(isOfPoint: boolean): Scope {
  return isOfPoint ? POINT_SCOPE : SPAN_SCOPE;
}

/** Whatever it can give is to be a status, as far as that is known. */
function checkWords({ syntax }: Expression, samples: readonly Bindings[]) {
  const words: readonly string[] = ['', ...TASK_STATUSES];
  const other = textsOf(syntax.expr, samples)?.find((text) => !words.includes(text));
  if (other === undefined) return [];
  const message = `expected success, failure, timeout, cancelled or "", found ${JSON.stringify(other)}`;
  return [{ offset: 0, message }];
}

/** Every text and every field in an expression: the attributes that it can read are among them. */
function wordsIn(expr: Expr): readonly string[] {
  const kind = expr.exprKind;
  const own =
    kind.case === 'selectExpr'
      ? [kind.value.field]
      : kind.case === 'constExpr' && kind.value.constantKind.case === 'stringValue'
        ? [kind.value.constantKind.value]
        : [];
  return [...own, ...childrenOf(expr).flatMap((child) => wordsIn(child.expr))];
}

/** Where an expression cannot be evaluated, often for want of an attribute, it gives nothing. */
function lenient(
  evaluate: (bindings: Bindings, spend: () => void) => Value,
): (bindings: Bindings) => Value | undefined {
  return (bindings) => {
    try {
      return evaluate(bindings, stepLimit(MAX_STEPS));
    } catch {
      return undefined;
    }
  };
}
