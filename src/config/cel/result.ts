import {
  type CelResult,
  type CelValue,
  isCelError,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
} from '@bufbuild/cel';
import type { Value } from '../../domain/value.ts';

/**
 * The result of an expression as a parameter's value: integers become numbers, lists and maps JSON. Throws an `Error`
 * if the result is an error, or of a type that no parameter can have.
 */
export function toValue(result: CelResult): Value {
  if (isCelError(result)) throw new Error(result.message);
  switch (typeof result) {
    case 'boolean':
    case 'string':
      return result;
    case 'bigint':
      return Number(result);
    case 'number':
      if (!Number.isFinite(result)) throw new Error(`expected a finite number, found ${result}`);
      // JSON has no negative zero.
      return result === 0 ? 0 : result;
    default:
      return toComposite(result);
  }
}

function toComposite(result: CelValue): Value {
  if (result === null) return null;
  if (isCelUint(result)) return Number(result.value);
  if (isCelList(result)) return Array.from(result, toValue);
  if (!isCelMap(result)) throw new Error(`expected a JSON value, found ${describeKind(result)}`);
  return Object.fromEntries(
    Array.from(result, ([key, value]) => {
      if (typeof key !== 'string') throw new Error('expected texts as keys of an object');
      return [key, toValue(value)];
    }),
  );
}

/** The kind of a result, with its article, as messages name it. */
export function describeKind(value: CelValue): string {
  switch (typeof value) {
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a text';
    case 'bigint':
    case 'number':
      return 'a number';
    default:
      if (value === null) return 'null';
      if (value instanceof Uint8Array) return 'bytes';
      if (isCelUint(value)) return 'a number';
      if (isCelList(value)) return 'a list';
      if (isCelMap(value)) return 'a map';
      return isCelType(value) ? 'a type' : 'a time or duration';
  }
}
