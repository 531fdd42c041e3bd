import type { DescMessage, DescMethod, MessageInitShape } from '@bufbuild/protobuf';
import { create, toBinary } from '@bufbuild/protobuf';

/** Encodes a message, or its fields. Throws where a field cannot be encoded. */
export function encode<O extends DescMessage>(schema: O, message: MessageInitShape<O>): Buffer {
  return asBuffer(toBinary(schema, create(schema, message)));
}

/** The same bytes as a Buffer, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The path of a method's calls, `/package.Service/Method`. */
export function methodPath({ parent, name }: Pick<DescMethod, 'name' | 'parent'>): string {
  return `/${parent.typeName}/${name}`;
}
