import { toJson } from '@bufbuild/protobuf';
import {
  type FieldRules,
  FieldRulesSchema,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';

type Rules = Readonly<Record<string, unknown>>;

/** A field's validation rules in words. Throws at a rule that it has no words for. */
export function describeRules(rules: FieldRules): string {
  // A message in JSON is an object.
  return inWords(toJson(FieldRulesSchema, rules) as Rules).join('; ');
}

function inWords(rules: Rules): string[] {
  return Object.entries(rules).flatMap(([kind, rule]) => {
    if (kind === 'required') return ['required'];
    const of = rule as Rules;
    switch (kind) {
      case 'string':
        return [range(of.minBytes, of.maxBytes, ' bytes')].concat(rest(of, 'minBytes', 'maxBytes'));
      case 'repeated':
        return [
          range(of.minItems, of.maxItems, ' items'),
          ...inWords(rulesOf(of.items)).map((word) => `each ${word}`),
          ...rest(of, 'minItems', 'maxItems', 'items'),
        ];
      case 'map':
        return [
          range(of.minPairs, of.maxPairs, ' entries'),
          ...inWords(rulesOf(of.keys)).map((word) => `keys ${word}`),
          ...inWords(rulesOf(of.values)).map((word) => `values ${word}`),
          ...rest(of, 'minPairs', 'maxPairs', 'keys', 'values'),
        ];
      case 'enum':
        return [
          JSON.stringify(of.notIn) === '[0]' ? 'a known value, not unspecified' : 'a known value',
          ...rest(of, 'definedOnly', ...(JSON.stringify(of.notIn) === '[0]' ? ['notIn'] : [])),
        ];
      case 'double':
      case 'int32':
      case 'timestamp':
        return [
          ...(of.finite === true ? ['finite'] : []),
          ...('gte' in of || 'lte' in of ? [range(of.gte, of.lte, '')] : []),
          ...rest(of, 'finite', 'gte', 'lte'),
        ];
      default:
        throw new Error(`no words for rules of ${kind}`);
    }
  });
}

function rulesOf(value: unknown): Rules {
  // As `describeRules` does, for rules within rules.
  return (value ?? {}) as Rules;
}

function range(from: unknown, to: unknown, unit: string): string {
  if (to === undefined) return `${spell(from)}${unit} or more`;
  return from === undefined
    ? `at most ${spell(to)}${unit}`
    : `${spell(from)} to ${spell(to)}${unit}`;
}

/** Numbers of 64 bits are strings in JSON. */
function spell(value: unknown): string {
  const text = String(value);
  return /^\d+$/.test(text) ? text.replaceAll(/(?<=\d)(?=(\d{3})+$)/g, ',') : text;
}

/** Nothing, where all rules have been put in words. */
function rest(rules: Rules, ...told: readonly string[]): string[] {
  const left = Object.keys(rules).filter((name) => !told.includes(name));
  if (left.length > 0) throw new Error(`no words for the rules ${left.join(', ')}`);
  return [];
}
