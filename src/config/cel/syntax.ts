import { parse, unparse } from '@bufbuild/cel';
import {
  MAX_EXPRESSION_DEPTH,
  MAX_EXPRESSION_LENGTH,
  MAX_LITERAL_ELEMENTS,
  MAX_MACRO_NESTING,
} from '../keys/limits.ts';
import { STEP } from './budget.ts';
import { environment } from './environment.ts';

type ParsedExpression = ReturnType<typeof parse>;

/** A node of a parsed expression; macros are expanded to comprehensions. */
export type Expr = ParsedExpression['expr'];

/** Something wrong with an expression. */
export interface ExpressionFault {
  /** Characters from the beginning of the expression, from 0. */
  readonly offset: number;
  readonly message: string;
}

export interface Syntax {
  readonly text: string;
  readonly expr: Expr;
  /** Offset of a node in `text`, in characters from 0. */
  offsetOf(expr: Expr): number;
  /** A node as text. */
  unparse(expr: Expr): string;
}

/** The parser's name for the accumulator of every macro; no identifier can begin with `@`. */
export const ACCUMULATOR = '@result';

/** Parses an expression, and bounds what its evaluation can cost. Returns its syntax or its faults. */
export function parseExpression(
  text: string,
): { readonly syntax: Syntax } | { readonly faults: readonly ExpressionFault[] } {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const message = `expected at most ${MAX_EXPRESSION_LENGTH} characters, found ${text.length}`;
    return { faults: [{ offset: 0, message }] };
  }
  let parsed: ParsedExpression;
  try {
    parsed = parse(text);
  } catch (error) {
    return { faults: [describeSyntaxError(error, text)] };
  }
  const positions = parsed.sourceInfo?.positions ?? {};
  const offsetOf = (expr: Expr) => positions[String(expr.id)] ?? 0;
  const syntax = {
    text,
    expr: parsed.expr,
    offsetOf,
    // The other fields of `parsed` tell how macros were written.
    unparse: (expr: Expr) => unparse({ ...parsed, expr }),
  };
  const fault = findExcess(syntax);
  if (fault !== undefined) return { faults: [fault] };
  countSteps(syntax.expr);
  return { syntax };
}

function describeSyntaxError(error: unknown, text: string): ExpressionFault {
  if (error instanceof RangeError) {
    return { offset: 0, message: `expected at most ${MAX_EXPRESSION_DEPTH} levels, found more` };
  }
  const message = error instanceof Error ? error.message : String(error);
  // The parser's errors have a location; its class is not exported.
  const location = (error as { location?: { start?: { offset?: number } } }).location;
  const offset = location?.start?.offset;
  if (offset === undefined) return { offset: 0, message: `expected CEL: ${message}` };
  // The parser's message says what it expected, which is of little help: `1 +` fails at the `+`.
  const rest = text.slice(offset, offset + 20);
  const found = rest === '' ? 'its end' : JSON.stringify(rest.length < 20 ? rest : `${rest}…`);
  return { offset, message: `expected CEL that can be read, cannot read on from ${found}` };
}

/** A child of a node. `binds`: the variable of a macro, if the child is the macro's body. */
export interface Child {
  readonly expr: Expr;
  readonly binds: string | undefined;
}

/** The children of a node, without the parts that only the expansion of a macro adds. */
export function childrenOf(expr: Expr): Child[] {
  const kind = expr.exprKind;
  const plain = (...nodes: (Expr | undefined)[]): Child[] =>
    nodes.flatMap((node) => (node === undefined ? [] : [{ expr: node, binds: undefined }]));
  switch (kind.case) {
    case 'selectExpr':
      return plain(kind.value.operand);
    case 'callExpr':
      return plain(isQualifiedFunction(expr) ? undefined : kind.value.target, ...kind.value.args);
    case 'listExpr':
      return plain(...kind.value.elements);
    case 'structExpr':
      return kind.value.entries.flatMap((entry) =>
        plain(entry.keyKind.case === 'mapKey' ? entry.keyKind.value : undefined, entry.value),
      );
    case 'comprehensionExpr': {
      const { iterRange, iterVar, loopStep } = kind.value;
      const step = loopStep === undefined ? [] : [{ expr: loopStep, binds: iterVar }];
      return [...plain(iterRange), ...step];
    }
    default:
      return [];
  }
}

/** Whether a call like `strings.quote(x)` calls a function of that name, and no method of a variable `strings`. */
export function isQualifiedFunction({ exprKind }: Expr): boolean {
  if (exprKind.case !== 'callExpr' || exprKind.value.target === undefined) return false;
  const target = exprKind.value.target.exprKind;
  if (target.case !== 'identExpr') return false;
  return environment.funcs.find(`${target.value.name}.${exprKind.value.function}`) !== undefined;
}

/** Makes each macro call `STEP` before it looks at its next element. */
function countSteps(expr: Expr): void {
  const kind = expr.exprKind;
  if (kind.case === 'comprehensionExpr' && kind.value.loopCondition !== undefined) {
    kind.value.loopCondition = callOf('_&&_', callOf(STEP), kind.value.loopCondition);
  }
  for (const child of childrenOf(expr)) countSteps(child.expr);
}

function callOf(name: string, ...args: Expr[]): Expr {
  const call = { $typeName: 'cel.expr.Expr.Call', function: name, args } as const;
  return { $typeName: 'cel.expr.Expr', id: 0n, exprKind: { case: 'callExpr', value: call } };
}

/** The fault of the first node that is too deep, too nested or too long. */
function findExcess(syntax: Syntax): ExpressionFault | undefined {
  const visit = (expr: Expr, depth: number, macros: number): ExpressionFault | undefined => {
    const excess = excessOf(expr, depth, macros);
    if (excess !== undefined) return { offset: syntax.offsetOf(expr), message: excess };
    for (const { expr: child, binds } of childrenOf(expr)) {
      const fault = visit(child, depth + 1, macros + (binds === undefined ? 0 : 1));
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  return visit(syntax.expr, 1, 0);
}

function excessOf(expr: Expr, depth: number, macros: number): string | undefined {
  const kind = expr.exprKind;
  if (depth > MAX_EXPRESSION_DEPTH) {
    return `expected at most ${MAX_EXPRESSION_DEPTH} levels, found more`;
  }
  if (kind.case === 'comprehensionExpr' && macros >= MAX_MACRO_NESTING) {
    return `expected macros (all, map, …) within macros at most ${MAX_MACRO_NESTING} deep`;
  }
  const elements =
    kind.case === 'listExpr'
      ? kind.value.elements.length
      : kind.case === 'structExpr'
        ? kind.value.entries.length
        : 0;
  if (elements <= MAX_LITERAL_ELEMENTS) return undefined;
  return `expected at most ${MAX_LITERAL_ELEMENTS} elements in a list or map, found ${elements}`;
}
