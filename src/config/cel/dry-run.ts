import {
  type CelResult,
  type CelValue,
  celType,
  isCelError,
  isCelList,
  isCelMap,
  plan,
} from '@bufbuild/cel';
import { MAX_LITERAL_ELEMENTS } from '../keys/limits.ts';
import type { Bindings } from './bindings.ts';
import { stepLimit, withBudget } from './budget.ts';
import { environment } from './environment.ts';
import { explain, explainTypes, isFaultOfExpression, sourceTextOf } from './explain.ts';
import { describeKind } from './result.ts';
import { ACCUMULATOR, childrenOf, type Expr, type ExpressionFault, type Syntax } from './syntax.ts';

// The maximum of bindings that a macro's body is tried on: enough for every element of a literal list on each sample,
// and for some combinations of elements where macros are nested.
const MAX_TRIED_BINDINGS = 3 * MAX_LITERAL_ELEMENTS;

/** The maximum of macro steps in one evaluation: some ten milliseconds. */
const MAX_STEPS = 20_000;

/**
 * Evaluates every part of an expression by itself on every sample, to find what is wrong with the expression whatever
 * its data: operators and functions on types that they do not take. A failure that depends on the data (a division by
 * zero, a key that is not there) is no fault, except where a part without variables always fails.
 */
export function dryRun(syntax: Syntax, samples: readonly Bindings[]): ExpressionFault[] {
  const faults: ExpressionFault[] = [];
  const report = (expr: Expr, message: string) =>
    void faults.push({ offset: syntax.offsetOf(expr), message });

  /** Whether the node and all nodes below it are sound. */
  function visit(expr: Expr, scopes: readonly Bindings[]): boolean {
    let sound = true;
    for (const child of childrenOf(expr)) {
      const inner = child.binds === undefined ? scopes : scopesWithin(expr, child.binds, scopes);
      // All children are visited: a fault in one must not hide a fault in another.
      if (!visit(child.expr, inner)) sound = false;
    }
    if (!sound) return false;
    if (!checkConditions(expr, scopes)) return false;
    // Parts that only the expansion of a macro adds (`ACCUMULATOR`) mean nothing by themselves.
    if (mentions(expr, ACCUMULATOR)) return true;
    if (!checkBranches(expr, scopes)) return false;
    const fault = firstFault(expr, scopes);
    if (fault !== undefined) report(expr, `${sourceTextOf(syntax, expr)}: ${explain(fault)}`);
    return fault === undefined;
  }

  /** Checks that conditions are booleans: both sides of `&&` and `||`, even if the other side decides. */
  function checkConditions(expr: Expr, scopes: readonly Bindings[]): boolean {
    let sound = true;
    for (const condition of conditionsOf(expr)) {
      if (mentions(condition, ACCUMULATOR)) continue;
      const other = resultsOf(condition, scopes).find((value) => typeof value !== 'boolean');
      if (other === undefined) continue;
      report(
        condition,
        `${sourceTextOf(syntax, condition)}: expected true or false, found ${describeKind(other)}`,
      );
      sound = false;
    }
    return sound;
  }

  /**
   * Checks that both branches of `? :` are of one type (null is a type), as CEL's own checker does: otherwise an
   * operation on the result could fail on some data only.
   */
  function checkBranches(expr: Expr, scopes: readonly Bindings[]): boolean {
    if (expr.exprKind.case !== 'callExpr' || expr.exprKind.value.function !== '_?_:_') return true;
    const types = new Set<string>();
    for (const branch of expr.exprKind.value.args.slice(1)) {
      for (const value of resultsOf(branch, scopes)) types.add(typeOf(value));
    }
    if (types.size < 2) return true;
    const found = explainTypes([...types]);
    report(expr, `${sourceTextOf(syntax, expr)}: expected branches of one type, found ${found}`);
    return false;
  }

  visit(syntax.expr, samples);
  return faults;
}

/** The values of an expression on those scopes on which it does not fail. */
export function resultsOf(expr: Expr, scopes: readonly Bindings[]): CelValue[] {
  return evaluateAll(expr, scopes).filter((result): result is CelValue => !isCelError(result));
}

function typeOf(value: CelValue): string {
  return celType(value).name;
}

/** The parts of an expression whose value can become its value: the branches of `? :`. */
export function outcomesOf(expr: Expr): Expr[] {
  const kind = expr.exprKind;
  if (kind.case !== 'callExpr' || kind.value.function !== '_?_:_') return [expr];
  return kind.value.args.slice(1).flatMap(outcomesOf);
}

function firstFault(expr: Expr, scopes: readonly Bindings[]): string | undefined {
  const constant = !mentionsAny(expr);
  for (const result of evaluateAll(expr, scopes)) {
    if (!isCelError(result)) continue;
    if (constant || isFaultOfExpression(result.message)) return result.message;
  }
  return undefined;
}

function evaluateAll(expr: Expr, scopes: readonly Bindings[]): CelResult[] {
  const evaluate = plan(environment, expr);
  return scopes.map((scope) => withBudget(stepLimit(MAX_STEPS), () => evaluate(scope)));
}

function conditionsOf(expr: Expr): readonly Expr[] {
  if (expr.exprKind.case !== 'callExpr') return [];
  const { function: name, args } = expr.exprKind.value;
  if (name === '_&&_' || name === '_||_') return args;
  return name === '_?_:_' ? args.slice(0, 1) : [];
}

/** The scopes to try a macro's body on: each given scope with some elements of the macro's range. */
function scopesWithin(macro: Expr, variable: string, scopes: readonly Bindings[]): Bindings[] {
  if (macro.exprKind.case !== 'comprehensionExpr') return [];
  const range = macro.exprKind.value.iterRange;
  if (range === undefined) return [];
  const inner: Bindings[] = [];
  for (const [index, result] of evaluateAll(range, scopes).entries()) {
    for (const element of elementsOf(result)) inner.push({ ...scopes[index], [variable]: element });
  }
  return inner.slice(0, MAX_TRIED_BINDINGS);
}

function elementsOf(result: CelResult): CelValue[] {
  const elements = isCelList(result) ? [...result] : isCelMap(result) ? [...result.keys()] : [];
  return elements.slice(0, MAX_LITERAL_ELEMENTS);
}

/** Whether an expression contains a name outside the bodies of its macros, each of which binds the name itself. */
function mentions(expr: Expr, name: string): boolean {
  if (expr.exprKind.case === 'identExpr') return expr.exprKind.value.name === name;
  const isMacro = expr.exprKind.case === 'comprehensionExpr';
  return childrenOf(expr).some(
    (child) => !(isMacro && child.binds !== undefined) && mentions(child.expr, name),
  );
}

function mentionsAny(expr: Expr): boolean {
  return (
    expr.exprKind.case === 'identExpr' || childrenOf(expr).some((child) => mentionsAny(child.expr))
  );
}
