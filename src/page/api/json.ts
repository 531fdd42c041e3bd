import type { Duration, Timestamp, Value } from '@bufbuild/protobuf/wkt';

/** Any JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * A message's type in proto3 JSON: 64-bit integers, times, durations and names of enums are strings, and fields with
 * their default may be left out.
 */
export type AsJson<T> = T extends bigint
  ? string
  : T extends number
    ? number extends T
      ? number
      : string
    : T extends Timestamp | Duration
      ? string
      : T extends Value
        ? Json
        : T extends readonly (infer Item)[]
          ? readonly AsJson<Item>[]
          : T extends { readonly $typeName: string }
            ? { readonly [K in Exclude<keyof T, '$typeName' | '$unknown'>]?: AsJson<T[K]> }
            : T extends object
              ? { readonly [K in keyof T]: AsJson<T[K]> }
              : T;
