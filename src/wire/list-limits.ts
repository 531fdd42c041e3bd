import type { DescMessage } from '@bufbuild/protobuf';
import { getOption } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { field as validationRules } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { invalidFields, type LearningError } from '../domain/errors.ts';

/** The maximum number of messages in a list. */
export interface ListLimit {
  readonly fieldName: string;
  readonly fieldNumber: number;
  readonly maxItems: number;
}

/** The `max_items` rules of the lists of messages in a request. */
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
 * Finds a list over its limit before decoding: 4 MiB can hold two million empty messages, whose objects take
 * 0.6 GB and two seconds. Throws if the bytes are truncated.
 */
export function findOverlongList(
  limits: readonly ListLimit[],
  bytes: Uint8Array,
): LearningError | undefined {
  for (const { fieldName, fieldNumber, maxItems } of limits) {
    // An item takes at least two bytes.
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
      // Not skip(), which creates a view of each item.
      const length = reader.uint32();
      reader.pos += length;
    } else {
      // skip() throws for the undefined wire types 6 and 7.
      reader.skip(wireType as WireType, tag >>> 3);
    }
  }
  return count;
}
