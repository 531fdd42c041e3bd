import type { Objective } from '../domain/effect.ts';
import { excessOf } from '../domain/parameters.ts';
import type { Rule } from '../domain/rule.ts';
import type { Sliced } from '../domain/slices.ts';
import { kindOf, type Parameters, type Value, type ValueKind } from '../domain/value.ts';
import type { Bindings } from './cel/bindings.ts';
import { resultsOf } from './cel/dry-run.ts';
import {
  compileExpression,
  type Expression,
  readExpression,
  tryExpression,
} from './cel/expression.ts';
import { ruleScope } from './cel/names.ts';
import { toValue } from './cel/result.ts';
import { createSamples } from './cel/samples.ts';
import type { ExpressionFault } from './cel/syntax.ts';
import { isConstant, textsOf } from './cel/texts.ts';
import { readWhere } from './cel/where.ts';
import type { DeclaredParameters } from './declared.ts';
import { fingerprintOf } from './fingerprint.ts';
import { settleObjective } from './keys/objective.ts';
import type { RuleText } from './keys/schema.ts';
import { type CompleteConfig, type CompleteRule, type MergedConfig, metricsOf } from './merge.ts';
import { type PlacedFault, placeFault } from './placed-fault.ts';

const FIELDS = ['when', 'new_value', 'old_value', 'reasoning'] as const;
type Field = (typeof FIELDS)[number];

interface ReadRule<T extends RuleText = RuleText> {
  readonly text: T;
  readonly index: number;
  readonly expressions: Map<Field, Expression>;
}

/** Faults of the expressions of all rules, each evaluated by itself on samples. */
export function checkRules(
  config: MergedConfig,
  declared: DeclaredParameters,
): readonly PlacedFault[] {
  const faults: PlacedFault[] = [];
  const rules = config.rules.map((text, index) => readRule(text, index, declared, faults));
  const samples = createSamplesFor(rules, initialValues(config));
  for (const rule of rules) {
    for (const fault of faultsOfWhere(rule.text, config.trial.cohorts)) {
      faults.push(locate(rule, 'where', String(rule.text.where), fault));
    }
    for (const [field, expression] of rule.expressions) {
      const expected = kindExpected(field, rule.text, config);
      for (const fault of tryExpression(expression, samples, expected)) {
        faults.push(locate(rule, field, expression.syntax.text, fault));
      }
    }
  }
  return faults;
}

/** Compiles the rules of a config in which `checkRules` has found no fault. Returns them in the config's order. */
export function* compileRules(
  config: CompleteConfig,
  declared: DeclaredParameters,
): Sliced<Rule[]> {
  const initial = initialValues(config);
  const read: ReadRule<CompleteRule>[] = [];
  for (const [index, text] of config.rules.entries()) {
    read.push(readRule(text, index, declared, []));
    yield;
  }
  const samples = createSamplesFor(read, initial);
  const rules: Rule[] = [];
  for (const rule of read) {
    const objective = settleObjective(metricsOf(rule.text, rule.text.target, config));
    rules.push(compileRule(rule, objective, samples, initial));
    yield;
  }
  return rules;
}

function readRule<T extends RuleText>(
  text: T,
  index: number,
  declared: DeclaredParameters,
  faults: PlacedFault[],
): ReadRule<T> {
  const rule: ReadRule<T> = { text, index, expressions: new Map() };
  const scope = ruleScope(declared);
  for (const field of FIELDS) {
    if (text[field] === undefined) continue;
    const source = String(text[field]);
    const read = readExpression(source, scope);
    if ('expression' in read) rule.expressions.set(field, read.expression);
    else for (const fault of read.faults) faults.push(locate(rule, field, source, fault));
  }
  return rule;
}

/** Faults of `where`: it has to name one cohort of `trial.cohorts`. */
function faultsOfWhere(
  { where }: RuleText,
  cohorts: string | undefined,
): readonly ExpressionFault[] {
  if (where === undefined) return [];
  const read = readWhere(String(where));
  if ('faults' in read) return read.faults;
  const { label } = read.cohort;
  if (label === cohorts) return [];
  const expected =
    cohorts === undefined
      ? `trial.cohorts: ${label} in the config`
      : `labels.${cohorts}, as trial.cohorts says`;
  return [
    {
      offset: 0,
      message: `expected ${expected}, found ${cohorts === undefined ? 'none' : `labels.${label}`}`,
    },
  ];
}

function locate(
  rule: ReadRule,
  field: Field | 'where',
  source: string,
  fault: ExpressionFault,
): PlacedFault {
  return placeFault(['rules', rule.index, field], source, fault);
}

/** The kind that an expression must give; `undefined` if any kind will do, or if the kind is not known. */
function kindExpected(field: Field, rule: RuleText, config: MergedConfig): ValueKind | undefined {
  if (field === 'when') return 'boolean';
  if (field === 'reasoning') return 'string';
  const target = rule.target;
  if (target === undefined || !Object.hasOwn(config.parameters, target)) return undefined;
  const initial = config.parameters[target]?.initial;
  return initial === undefined || initial === null ? undefined : kindOf(initial);
}

function initialValues({ parameters }: MergedConfig): Parameters {
  const values: Record<string, Value> = {};
  for (const [name, { initial }] of Object.entries(parameters)) {
    if (initial !== undefined) values[name] = initial;
  }
  return values;
}

/** Samples in which parameters have their initial values, and a parameter that a rule adds has the added value. */
function createSamplesFor(rules: readonly ReadRule[], initial: Parameters): Bindings[] {
  const measurements = new Set<string>();
  for (const rule of rules) {
    for (const expression of rule.expressions.values()) {
      for (const key of expression.measurements) measurements.add(key);
    }
  }
  const values: Record<string, Value> = { ...initial };
  for (const { text, expressions } of rules) {
    const added = expressions.get('new_value');
    if (text.operation !== 'add' || text.target === undefined || added === undefined) continue;
    if (Object.hasOwn(values, text.target)) continue;
    const value = firstValue(added, createSamples(measurements, values, initial));
    if (value !== undefined) values[text.target] = value;
  }
  return createSamples(measurements, values, initial);
}

function firstValue(expression: Expression, samples: readonly Bindings[]): Value | undefined {
  for (const result of resultsOf(expression.syntax.expr, samples)) {
    try {
      return toValue(result);
    } catch {
      // The result is no value on this sample; `checkRules` reports that.
    }
  }
  return undefined;
}

function compileRule(
  { text, expressions }: ReadRule<CompleteRule>,
  objective: Objective,
  samples: readonly Bindings[],
  initial: Parameters,
): Rule {
  const { id, type, operation, target, confidence, impact, mode } = text;
  const compile = (field: Field) => {
    const expression = expressions.get(field);
    return expression && compileExpression(expression, `${field} of rule ${id}`, initial);
  };
  const [when, newValue, oldValue, reasoning] = FIELDS.map(compile);
  const all = [...expressions.values()];
  const where = text.where === undefined ? undefined : readWhere(text.where);
  return {
    ...{ id, type, operation, target, confidence, impact, mode, ...objective },
    ...(where !== undefined && 'cohort' in where ? { cohort: where.cohort } : {}),
    forSeconds: text.for_seconds,
    onHarm: text.on_harm,
    ...(text.assignment === undefined ? {} : { assignment: text.assignment }),
    ...(text.budget === undefined ? {} : { budget: text.budget }),
    fingerprint: fingerprintOf(text, objective),
    usesMetrics: all.some((expression) => expression.usesMetrics),
    measurements: new Set(all.flatMap((expression) => [...expression.measurements])),
    reasonings: textsOf(expressions.get('reasoning')?.syntax.expr, samples),
    constantValue: constantOf(expressions.get('new_value'), samples),
    neverFires: constantOf(expressions.get('when'), samples) === false,
    // `checkRules` has checked the kinds, but a parameter may have changed its kind since.
    when: (context) => expectKind(when?.(context), 'boolean', `when of rule ${id}`) as boolean,
    newValue: (context) => checkSize(newValue?.(context), `new_value of rule ${id}`),
    oldValue: oldValue && ((context) => checkSize(oldValue(context), `old_value of rule ${id}`)),
    reasoning: (context) =>
      expectKind(reasoning?.(context), 'string', `reasoning of rule ${id}`) as string,
  };
}

function constantOf(
  expression: Expression | undefined,
  samples: readonly Bindings[],
): Value | undefined {
  const isFixed = expression !== undefined && isConstant(expression.syntax.expr);
  return isFixed ? firstValue(expression, samples) : undefined;
}

/** Throws an `Error` if a value is too large for a parameter: it would be kept with each proposal. */
function checkSize<T extends Value | undefined>(value: T, name: string): T {
  const excess = value === undefined ? undefined : excessOf(value);
  if (excess !== undefined) throw new Error(`${name}: ${excess}`);
  return value;
}

function expectKind(value: Value | undefined, kind: ValueKind, name: string): Value {
  const found = value === undefined ? 'nothing' : kindOf(value);
  if (value === undefined || found !== kind) {
    throw new Error(`${name}: expected a ${kind}, found ${found}`);
  }
  return value;
}
