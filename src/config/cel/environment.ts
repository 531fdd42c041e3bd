import {
  type CelList,
  CelScalar,
  type CelValue,
  celEnv,
  celList,
  celMethod,
  isCelError,
  listType,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { exponentText, fixedText } from '../../domain/number-text.ts';
import { MAX_FORMAT_PRECISION } from '../keys/limits.ts';
import { boundedFunctions, boundText } from './bounded-functions.ts';
import { stepFunction } from './budget.ts';

const packageFormat = strings.find((func) => func.name === 'format');

const CLAUSE = /%(?:%|(?:\.(\d*))?(.)?)/gsu;

/**
 * `format` of the strings extension. It rounds the exact value of a number for `%f` and `%e`, ties to even up to 40
 * decimals (66.65 is a little more than that: 66.7). The package would round the shortest decimal text for `%f` (66.6),
 * and ties up for `%e`. All other clauses are left to the package.
 */
function format(this: string, args: CelList): string {
  let next = 0;
  const text = this.replace(CLAUSE, (clause, precision?: string, kind?: string) => {
    if (clause === '%%') return '%';
    const value = args.get(next);
    if (value === undefined) throw new Error(`format: nothing is given for ${clause}`);
    next += 1;
    return formatClause(clause, kind, precision, value);
  });
  if (next < args.size) throw new Error(`format: ${args.size} values for ${next} clauses`);
  boundText(text.length);
  return text;
}

function formatClause(
  clause: string,
  kind: string | undefined,
  precision: string | undefined,
  value: CelValue,
): string {
  const digits = precision === undefined ? 6 : Number(precision);
  if (digits > MAX_FORMAT_PRECISION) {
    throw new Error(`format: ${clause} asks for more than ${MAX_FORMAT_PRECISION} decimals`);
  }
  if (typeof value === 'number' && Number.isFinite(value)) {
    if (kind === 'f') return fixedText(value, digits);
    if (kind === 'e') return exponentText(value, digits);
    if (kind === 'd') throw new Error('format: %d is for ints; write %.0f, or int(…)');
  }
  const text = packageFormat?.call(0, clause, [celList([value])]);
  if (typeof text === 'string') return text;
  throw new Error(isCelError(text) ? text.message : `format: cannot format with ${clause}`);
}

const { DYN, STRING } = CelScalar;

/** What expressions are evaluated in: CEL's standard functions and its strings extension. */
export const environment = celEnv({
  funcs: [
    ...strings,
    ...boundedFunctions,
    stepFunction,
    celMethod('format', STRING, [listType(DYN)], STRING, format),
  ],
});
