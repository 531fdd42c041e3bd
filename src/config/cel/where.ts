import type { Cohort } from '../../domain/cohort.ts';
import { type Expr, type ExpressionFault, parseExpression } from './syntax.ts';

const EXPECTED = 'expected labels.NAME == "VALUE", which are the tasks of one cohort';

/** The cohort that a rule's `where` names: exactly `labels.NAME == "VALUE"`. Returns it, or the faults of the text. */
export function readWhere(
  text: string,
): { readonly cohort: Cohort } | { readonly faults: readonly ExpressionFault[] } {
  const parsed = parseExpression(text);
  if ('faults' in parsed) return parsed;
  const { syntax } = parsed;
  const call = syntax.expr.exprKind;
  const sides = call.case === 'callExpr' && call.value.function === '_==_' ? call.value.args : [];
  const [label, value] = [labelIn(sides[0]), textIn(sides[1])];
  if (label !== undefined && value !== undefined) return { cohort: { label, value } };
  return { faults: [{ offset: 0, message: `${EXPECTED}, found ${text}` }] };
}

/** The name in `labels.NAME` or `labels["NAME"]`. */
function labelIn(expr: Expr | undefined): string | undefined {
  const kind = expr?.exprKind;
  if (kind?.case === 'selectExpr') {
    return isLabels(kind.value.operand) && !kind.value.testOnly ? kind.value.field : undefined;
  }
  if (kind?.case !== 'callExpr' || kind.value.function !== '_[_]') return undefined;
  const [operand, index] = kind.value.args;
  return isLabels(operand) ? textIn(index) : undefined;
}

function isLabels(expr: Expr | undefined): boolean {
  return expr?.exprKind.case === 'identExpr' && expr.exprKind.value.name === 'labels';
}

function textIn(expr: Expr | undefined): string | undefined {
  const constant =
    expr?.exprKind.case === 'constExpr' ? expr.exprKind.value.constantKind : undefined;
  return constant?.case === 'stringValue' ? constant.value : undefined;
}
