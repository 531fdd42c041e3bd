import { plan } from '@bufbuild/cel';
import type { RuleContext } from '../../domain/rule.ts';
import { kindOf, type Parameters, type Value, type ValueKind } from '../../domain/value.ts';
import { type Bindings, bindingsOf } from './bindings.ts';
import { withBudget } from './budget.ts';
import { dryRun, outcomesOf, resultsOf } from './dry-run.ts';
import { environment } from './environment.ts';
import { sourceTextOf } from './explain.ts';
import { resolveNames, type Scope } from './names.ts';
import { describeKind, toValue } from './result.ts';
import { type ExpressionFault, parseExpression, type Syntax } from './syntax.ts';

/** A parsed expression whose names are all known. */
export interface Expression {
  readonly syntax: Syntax;
  readonly usesMetrics: boolean;
  /** As `Names.measurements`. */
  readonly measurements: ReadonlySet<string>;
}

/** Parses an expression; `scope` holds the names that the expression may use. */
export function readExpression(
  text: string,
  scope: Scope,
): { readonly expression: Expression } | { readonly faults: readonly ExpressionFault[] } {
  const parsed = parseExpression(text);
  if ('faults' in parsed) return parsed;
  const { faults, usesMetrics, measurements } = resolveNames(parsed.syntax, scope);
  if (faults.length > 0) return { faults };
  return { expression: { syntax: parsed.syntax, usesMetrics, measurements } };
}

/** Faults of an expression when evaluated on samples; `expected` is the kind that it must give, if any. */
export function tryExpression(
  { syntax }: Expression,
  samples: readonly Bindings[],
  expected: ValueKind | undefined,
): readonly ExpressionFault[] {
  const faults = dryRun(syntax, samples);
  if (faults.length > 0) return faults;
  for (const outcome of outcomesOf(syntax.expr)) {
    for (const result of resultsOf(outcome, samples)) {
      const found = describeMismatch(result, expected);
      if (found === undefined) continue;
      const message = `${sourceTextOf(syntax, outcome)}: ${found}`;
      faults.push({ offset: syntax.offsetOf(outcome), message });
      break;
    }
  }
  return faults;
}

const KINDS: Readonly<Record<ValueKind, string>> = {
  null: 'null',
  boolean: 'true or false',
  number: 'a number',
  string: 'a text',
  list: 'a list',
  object: 'a map',
};

function describeMismatch(
  result: ReturnType<typeof resultsOf>[number],
  expected: ValueKind | undefined,
): string | undefined {
  // Whether a number is finite depends on the data.
  if (typeof result === 'number' && !Number.isFinite(result)) {
    return expected === undefined || expected === 'number' ? undefined : 'expected no number';
  }
  let value: Value;
  try {
    value = toValue(result);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (expected === undefined || kindOf(value) === expected) return undefined;
  return `expected ${KINDS[expected]}, found ${describeKind(result)}`;
}

const unbounded = () => {};

/**
 * The function that evaluates an expression on values of its variables. It throws an `Error` that begins with `name` if
 * the expression cannot be evaluated on them.
 */
export function evaluatorOf(
  { syntax }: Expression,
  name: string,
): (bindings: Bindings, spend?: () => void) => Value {
  const evaluate = plan(environment, syntax.expr);
  return (bindings, spend = unbounded) => {
    try {
      return toValue(withBudget(spend, () => evaluate(bindings)));
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  };
}

/**
 * As `evaluatorOf`, on the context of a rule.
 *
 * @param initial values of the parameters that the config declares
 */
export function compileExpression(
  expression: Expression,
  name: string,
  initial: Parameters,
): (context: RuleContext) => Value {
  const evaluate = evaluatorOf(expression, name);
  return (context) => evaluate(bindingsOf(context, initial), context.spend);
}
