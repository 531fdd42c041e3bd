import type { Value } from './value.ts';

/** Bytes that a value takes as a `google.protobuf.Value`, exactly. A list of numbers takes five times its JSON text. */
export function encodedBytes(value: Value): number {
  switch (typeof value) {
    case 'boolean':
      return 2;
    case 'number':
      return 9;
    case 'string':
      return fieldBytes(Buffer.byteLength(value));
    default:
      return value === null ? 2 : fieldBytes(contentBytes(value));
  }
}

/** Bytes of the items of a list, or of the entries of an object. */
function contentBytes(value: readonly Value[] | { readonly [key: string]: Value }): number {
  const sizes = Array.isArray(value)
    ? value.map((item: Value) => fieldBytes(encodedBytes(item)))
    : Object.entries(value).map(([key, inner]) =>
        fieldBytes(fieldBytes(Buffer.byteLength(key)) + fieldBytes(encodedBytes(inner))),
      );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes of a length-delimited field: tag, length and content. */
function fieldBytes(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest >= 128; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
