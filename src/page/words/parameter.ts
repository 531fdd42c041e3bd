import type { Parameter } from '../api/answers.ts';
import type { Json } from '../api/json.ts';
import { show } from './delta.ts';

/** What a parameter may be: `1 to 16`, `large or medium`, `number`. */
export function boundsText({ type, min, max, allowed = [] }: Parameter): string {
  if (allowed.length > 0) return allowed.map(show).join(' or ');
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  if (min !== undefined) return `${min} or more`;
  return max === undefined ? type || 'any' : `${max} or less`;
}

/**
 * The value that a person typed: of the type of the parameter. Throws in words where it is none.
 *
 * @param text as typed; JSON unless the parameter is a text
 */
export function typedValue({ type }: Pick<Parameter, 'type'>, text: string): Json {
  if (type === 'string') return text;
  const trimmed = text.trim();
  try {
    return JSON.parse(trimmed);
  } catch (cause) {
    if (type === 'number') throw new Error(`"${trimmed}" is no number.`, { cause });
    if (type === 'boolean') throw new Error('Expected true or false.', { cause });
    // Any type: a word is a text.
    return text;
  }
}
