import { kindOf, type Value } from './value.ts';

/** What a parameter is to those that read it. */
export const PARAMETER_TYPES = ['integer', 'number', 'string', 'boolean', 'object'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** Each type in a message. */
const NAMES: Readonly<Record<ParameterType, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'a boolean',
  object: 'an object',
};

export function nameOfType(type: ParameterType): string {
  return NAMES[type];
}

/** Whether a value is of a type. Whole numbers beyond 2^53 are not exact, and so no integers. */
export function isOfType(type: ParameterType, value: Value): boolean {
  return type === 'integer' ? Number.isSafeInteger(value) : kindOf(value) === type;
}

/** The type of a value; `undefined` for null and lists. */
export function typeOf(value: Value): ParameterType | undefined {
  if (isOfType('integer', value)) return 'integer';
  return PARAMETER_TYPES.find((type) => isOfType(type, value));
}

/**
 * The type of a parameter that does not say it: that of its values, and integer only where its bounds are whole,
 * too. `undefined` if they are of several kinds, or null or lists.
 *
 * @param values those that it may have, as far as they are known
 * @param bounds its least and greatest value, and its largest step
 */
export function inferType(
  values: readonly Value[],
  bounds: readonly (number | undefined)[],
): ParameterType | undefined {
  const numbers = bounds.filter((bound) => bound !== undefined);
  const types = new Set([...values, ...numbers].map(typeOf));
  // A number may be whole by chance.
  if (types.has('number')) types.delete('integer');
  const [type] = types;
  return types.size === 1 ? type : undefined;
}
