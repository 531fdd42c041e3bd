import { TASK_STATUSES } from '../../domain/task.ts';
import type { DeclaredParameters } from '../declared.ts';
import { suggest } from '../suggest.ts';
import { METRIC_VALUES, WINDOW_FIELDS } from './bindings.ts';
import { environment } from './environment.ts';
import {
  ACCUMULATOR,
  childrenOf,
  type Expr,
  type ExpressionFault,
  isQualifiedFunction,
  type Syntax,
} from './syntax.ts';

/** What an expression refers to. */
export interface Names {
  readonly faults: readonly ExpressionFault[];
  /** Whether the expression reads `metrics`. */
  readonly usesMetrics: boolean;
  /** Keys of `window.measurements`, or of a task's `measurements`, that the expression reads by name. */
  readonly measurements: ReadonlySet<string>;
}

/** What an expression may name. */
export interface Scope {
  readonly variables: readonly string[];
  /** Fields by variable, or by a chain of fields as in `window.statuses`; others have any. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** Those that `parameters` and `initial` have; left out where there are no such variables. */
  readonly parameters?: DeclaredParameters;
}

const RULE_FIELDS = new Map<string, readonly string[]>([
  ['window', Object.keys(WINDOW_FIELDS)],
  ['window.statuses', TASK_STATUSES],
  ['metrics', ['sub_agent_count', 'cpu_percent', 'values']],
]);

/** What rules may name. */
export function ruleScope(parameters: DeclaredParameters): Scope {
  const variables = ['window', 'metrics', 'parameters', 'initial'];
  return { variables, fields: RULE_FIELDS, parameters };
}

const TYPES = 'int uint double bool string bytes list map null_type type'.split(' ');
const MACROS = ['all', 'exists', 'exists_one', 'map', 'filter'];

/**
 * Checks every name that an expression uses. A node that reads a value of `metrics.values` is changed
 * in place to read `METRIC_VALUES`.
 */
export function resolveNames(syntax: Syntax, { variables, fields, parameters }: Scope): Names {
  const faults: ExpressionFault[] = [];
  const measurements = new Set<string>();
  let usesMetrics = false;

  const report = (expr: Expr, message: string) =>
    void faults.push({ offset: syntax.offsetOf(expr), message });

  function checkIdentifier(expr: Expr, name: string): void {
    if (name === 'metrics' || name === METRIC_VALUES) usesMetrics = true;
    else if (!variables.includes(name) && !TYPES.includes(name)) {
      const known = `expected one of ${variables.join(', ')}`;
      const hint = suggest(name, variables) || `; a text needs quotes of its own: "${name}"`;
      report(expr, `${known}, found ${name}${hint}`);
    }
  }

  function checkField(expr: Expr, of: string, field: string): void {
    if (of === 'window.measurements' || of === 'measurements') measurements.add(field);
    if (parameters !== undefined && (of === 'parameters' || of === 'initial')) {
      if (of === 'parameters' ? parameters.has(field) : parameters.hasInitial(field)) return;
      report(expr, `expected a declared parameter, found ${field}${parameters.hint(field)}`);
    }
    const known = fields.get(of);
    if (known === undefined || known.includes(field)) return;
    report(expr, `expected a field of ${of}, found ${field}${suggest(field, known)}`);
  }

  function checkAccess(expr: Expr, bound: ReadonlySet<string>): void {
    const access = accessOf(expr);
    const of = access === undefined ? undefined : pathOf(access.operand, bound);
    if (access === undefined || of === undefined) return;
    if (access.field !== undefined) checkField(expr, of, access.field);
    if (of === 'metrics.values' && !access.testOnly) {
      access.operand.exprKind = identifier(METRIC_VALUES);
    }
  }

  function checkFunction(expr: Expr): void {
    if (expr.exprKind.case !== 'callExpr' || isQualifiedFunction(expr)) return;
    const { function: name } = expr.exprKind.value;
    // Operators are functions too, with names like `_+_`, `!_` and `@in`.
    if (/^[@_!-]/.test(name) || environment.funcs.find(name) !== undefined) return;
    report(expr, `expected a function of CEL, found ${name}${functionHint(name)}`);
  }

  function visit(expr: Expr, bound: ReadonlySet<string>): void {
    const kind = expr.exprKind;
    if (kind.case === 'identExpr' && !bound.has(kind.value.name)) {
      checkIdentifier(expr, kind.value.name);
    }
    if (kind.case === 'structExpr' && kind.value.messageName !== '') {
      report(expr, `expected a map, found a message ${kind.value.messageName}`);
    }
    checkFunction(expr);
    checkAccess(expr, bound);
    for (const child of childrenOf(expr)) {
      visit(child.expr, child.binds === undefined ? bound : new Set([...bound, child.binds]));
    }
  }

  visit(syntax.expr, new Set([ACCUMULATOR]));
  return { faults, usesMetrics, measurements };
}

function functionHint(name: string): string {
  if (name === 'has') return '; it takes one field, as in has(window.measurements.cost)';
  if (MACROS.includes(name)) return `; it is used as in list.${name}(x, x > 1.0)`;
  const known = [...environment.funcs].map((func) => func.name);
  return suggest(name, [...known, ...MACROS, 'has']);
}

function identifier(name: string): Expr['exprKind'] {
  return { case: 'identExpr', value: { $typeName: 'cel.expr.Expr.Ident', name } };
}

interface Access {
  readonly operand: Expr;
  /** `undefined` if the key is known only at evaluation. */
  readonly field: string | undefined;
  /** Whether the access is the argument of `has`. */
  readonly testOnly: boolean;
}

/** The operand and the field of `a.b` or `a["b"]`; `undefined` for any other node. */
function accessOf(expr: Expr): Access | undefined {
  const kind = expr.exprKind;
  if (kind.case === 'selectExpr' && kind.value.operand !== undefined) {
    return { operand: kind.value.operand, field: kind.value.field, testOnly: kind.value.testOnly };
  }
  if (kind.case !== 'callExpr' || kind.value.function !== '_[_]') return undefined;
  const [operand, index] = kind.value.args;
  if (operand === undefined) return undefined;
  const constant = index?.exprKind.case === 'constExpr' ? index.exprKind.value : undefined;
  const key = constant?.constantKind;
  return { operand, field: key?.case === 'stringValue' ? key.value : undefined, testOnly: false };
}

/** A variable with a chain of fields as text, such as `window.statuses`; `undefined` for any other node. */
function pathOf(expr: Expr, bound: ReadonlySet<string>): string | undefined {
  if (expr.exprKind.case === 'identExpr') {
    const { name } = expr.exprKind.value;
    return bound.has(name) ? undefined : name;
  }
  const access = accessOf(expr);
  const of = access === undefined ? undefined : pathOf(access.operand, bound);
  return of === undefined || access?.field === undefined ? undefined : `${of}.${access.field}`;
}
