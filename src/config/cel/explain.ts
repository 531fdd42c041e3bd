import { METRIC_VALUES } from './bindings.ts';
import type { Expr, Syntax } from './syntax.ts';

// Messages of evaluation for faults that lie in the expression, whatever its data.
const FAULTS = [
  /^found no matching overload/,
  /^type mismatch/,
  /^unbound function/,
  /^unknown type/,
  /^unsupported key type/,
  /^unresolved attribute/,
  /^error parsing regexp/,
  /^invalid argument to function/,
  /^(?:format|join): /,
  /^expected a (?:text|list) of at most/,
  /^expected at most \d+ steps of macros/,
];

/** Whether an error of evaluation lies in the expression and not in its data. */
export function isFaultOfExpression(message: string): boolean {
  return FAULTS.some((pattern) => pattern.test(message));
}

const MAX_SOURCE_LENGTH = 80;

/** The text of a node in backquotes, shortened. */
export function sourceTextOf(syntax: Syntax, expr: Expr): string {
  const plain = syntax.unparse(expr).replaceAll(METRIC_VALUES, 'metrics.values');
  const short = plain.length > MAX_SOURCE_LENGTH ? `${plain.slice(0, MAX_SOURCE_LENGTH)}…` : plain;
  return `\`${short}\``;
}

const OVERLOAD = /^found no matching overload for '(.+?)' applied to '(?:([\w.]+)\.)?\((.*)\)'$/;

/** An error of the package in plain words, with what to do about it. */
export function explain(message: string): string {
  const overload = OVERLOAD.exec(message);
  if (overload === null) return message;
  const name = (overload[1] ?? '').replaceAll(/^_|_$|@/g, '').replace('_?_:_', '? :');
  const types = [overload[2], ...(overload[3] ?? '').split(', ')].filter(Boolean).map(String);
  return `${name} does not take ${types.join(' and ') || 'nothing'}${hint(name, types)}`;
}

/** Types that do not go together, in words, with what to do about it. */
export function explainTypes(types: readonly string[]): string {
  return types.join(' and ') + hint('', types);
}

function hint(name: string, types: readonly string[]): string {
  const whole = types.includes('int') || types.includes('uint');
  if (name === '%' && types.includes('double')) return '; it is for ints: int(a) % int(b)';
  if (whole && types.includes('double')) {
    return '; every number a rule sees is a double, so literals need a decimal point: 1.0, not 1';
  }
  if (name === '+' && types.includes('string')) return '; make a text of the other: string(…)';
  return '';
}
