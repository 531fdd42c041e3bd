import type { Bindings } from './bindings.ts';
import { resultsOf } from './dry-run.ts';
import { childrenOf, type Expr } from './syntax.ts';

/** The maximum of texts that an expression can give; with more, its texts count as unknown. */
const MAX_TEXTS = 64;

const CLAUSE = /%(?:%|(?:\.\d*)?(.)?)/gsu;

/** Stands for a number or a boolean. The text of neither is part of a word that a reasoning is scored by. */
const NUMBER = '0';

type Texts = readonly string[] | undefined;

/**
 * Every text that an expression can give, whatever its data, with 0 for each number and boolean in the text;
 * `undefined` if the texts are not known.
 *
 * @param samples tell which parts are numbers
 */
export function textsOf(expr: Expr | undefined, samples: readonly Bindings[]): Texts {
  const kind = expr?.exprKind;
  if (kind?.case === 'constExpr') {
    const { constantKind } = kind.value;
    return constantKind.case === 'stringValue' ? [constantKind.value] : undefined;
  }
  if (kind?.case !== 'callExpr') return undefined;
  const { function: name, target, args } = kind.value;
  const [first, second, third] = args;
  switch (name) {
    case '_+_':
      return joined(textsOf(first, samples), textsOf(second, samples));
    case '_?_:_':
      return united(textsOf(second, samples), textsOf(third, samples));
    case 'string':
      return first && textsOfPart(first, samples);
    case 'format':
      return formatted(textsOf(target, samples), first, samples);
    default:
      return undefined;
  }
}

/** Whether the value of an expression is the same on all data. */
export function isConstant(expr: Expr): boolean {
  const { case: kind } = expr.exprKind;
  return kind !== 'identExpr' && childrenOf(expr).every((child) => isConstant(child.expr));
}

function joined(left: Texts, right: Texts): Texts {
  if (left === undefined || right === undefined) return undefined;
  return bounded(left.flatMap((one) => right.map((other) => one + other)));
}

function united(one: Texts, other: Texts): Texts {
  return one && other && bounded([...one, ...other]);
}

function bounded(texts: readonly string[]): Texts {
  const all = [...new Set(texts)];
  return all.length <= MAX_TEXTS ? all : undefined;
}

/** Every text of an expression that is written into another text. */
function textsOfPart(expr: Expr, samples: readonly Bindings[]): Texts {
  return isNumber(expr, samples) ? [NUMBER] : textsOf(expr, samples);
}

function formatted(templates: Texts, list: Expr | undefined, samples: readonly Bindings[]): Texts {
  if (list?.exprKind.case !== 'listExpr') return undefined;
  const parts = list.exprKind.value.elements;
  let all: Texts = [];
  for (const template of templates ?? []) {
    all = united(all, filled(template, parts, samples));
  }
  return templates && all;
}

/** Every text that a template of `format` can give. */
function filled(template: string, parts: readonly Expr[], samples: readonly Bindings[]): Texts {
  let texts: Texts = [''];
  let next = 0;
  let end = 0;
  for (const match of template.matchAll(CLAUSE)) {
    texts = joined(texts, [template.slice(end, match.index)]);
    end = match.index + match[0].length;
    if (match[0] === '%%') {
      texts = joined(texts, ['%']);
      continue;
    }
    const part = parts[next];
    next += 1;
    // All clauses but %s are for numbers alone, or give digits.
    texts = joined(texts, match[1] === 's' ? part && textsOfPart(part, samples) : [NUMBER]);
  }
  return joined(texts, [template.slice(end)]);
}

/** Whether an expression can give only numbers or booleans. One with lists or maps of its own counts as unknown. */
function isNumber(expr: Expr, samples: readonly Bindings[]): boolean {
  const results = isPlain(expr) ? resultsOf(expr, samples) : [];
  const kinds = ['number', 'bigint', 'boolean'];
  return results.length > 0 && results.every((result) => kinds.includes(typeof result));
}

function isPlain(expr: Expr): boolean {
  const { case: kind } = expr.exprKind;
  const isComposite = kind === 'listExpr' || kind === 'structExpr' || kind === 'comprehensionExpr';
  return !isComposite && childrenOf(expr).every((child) => isPlain(child.expr));
}
