import type { DescMessage } from '@bufbuild/protobuf';
import { getOption } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { field as validationRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { invalidFields, type LearningError } from '../domain/errors.ts';

/** How many messages a list may hold. */
export interface ListLimit {
  readonly fieldName: string;
  readonly fieldNumber: number;
  readonly maxItems: number;
}

/** The `max_items` rules of a request's own lists of messages. */
export function listLimits(request: DescMessage): readonly ListLimit[] {
  return request.fields.flatMap((field) => {
    if (field.fieldKind !== 'list' || field.listKind !== 'message') return [];
    const { type } = getOption(field, validationRules);
    const maxItems = type.case === 'repeated' ? Number(type.value.maxItems) : 0;
    if (maxItems === 0) return [];
    return [{ fieldName: field.name, fieldNumber: field.number, maxItems }];
  });
}

/**
 * Finds a list over its limit before anything is decoded: 4 MiB can hold two million empty
 * messages, whose objects take 0.6 GB and two seconds. Throws where the bytes end early.
 */
export function findOverlongList(
  limits: readonly ListLimit[],
  bytes: Uint8Array,
): LearningError | undefined {
  for (const { fieldName, fieldNumber, maxItems } of limits) {
    // An item takes two bytes at least.
    if (bytes.length <= 2 * maxItems) continue;
    if (countItems(bytes, fieldNumber, maxItems) <= maxItems) continue;
    const description = `must contain no more than ${maxItems} item(s)`;
    return invalidFields([{ field: fieldName, description }]);
  }
  return undefined;
}

/** Counts the items of a list, up to one more than `enough`. */
function countItems(bytes: Uint8Array, fieldNumber: number, enough: number): number {
  const reader = new BinaryReader(bytes);
  let count = 0;
  while (reader.pos < reader.len && count <= enough) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    if (wireType === WireType.LengthDelimited) {
      if (tag >>> 3 === fieldNumber) count++;
      // Not skip(): it makes a view of each item.
      const length = reader.uint32();
      reader.pos += length;
    } else {
      // The low three bits of a tag are its wire type; skip() refuses 6 and 7.
      reader.skip(wireType as WireType, tag >>> 3);
    }
  }
  return count;
}
