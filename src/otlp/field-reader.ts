import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Scalar } from '../domain/otlp.ts';

// OTLP is read field by field, without objects for what is not looked at: 64 MiB of empty messages decoded as a
// whole would take 10 GB, and most bytes of a span are prompts that nobody here may keep.

/** Attributes, and events, of one span that are looked at: eight times what an SDK writes at most. */
export const MAX_ITEMS = 1024;

/** Fields of one message: twice the items of a request. A message is read in one go, and 66 MB may be 33 million fields. */
const MAX_FIELDS = 200_000;

/** Longer keys are nobody's convention. */
const MAX_KEY_BYTES = 256;

/** Longer texts are messages, not attributes. */
const MAX_TEXT_BYTES = 4096;

/** Fields of `KeyValue` and `AnyValue`. */
const KEY = 1;
const VALUE = 2;
const STRING = 1;
const BOOL = 2;
const INT = 3;
const DOUBLE = 4;

/** Reads a message of OTLP, field by field. What it calls throws where the bytes are not a message. */
export class FieldReader {
  readonly #bytes: Buffer;
  readonly #reader: BinaryReader;
  /** Where the message that is being read ends. */
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#reader = new BinaryReader(bytes);
    this.#end = bytes.length;
  }

  /** Calls for each field of the message; a field that `take` does not read is passed over. */
  fields(take: (field: number) => void): void {
    const reader = this.#reader;
    const end = this.#end;
    let count = 0;
    while (reader.pos < end) {
      count += 1;
      if (count > MAX_FIELDS) throw new RangeError(`more than ${MAX_FIELDS} fields in a message`);
      const [field, wireType] = reader.tag();
      const start = reader.pos;
      this.#wireType = wireType;
      take(field);
      if (reader.pos === start) this.#pass(field, wireType);
      if (reader.pos > end) throw new RangeError('a field is longer than its message');
    }
  }

  #wireType: WireType = WireType.Varint;

  /** Reads the message in this field with `read`. */
  message(read: () => void): void {
    const end = this.#enter();
    const outer = this.#end;
    this.#end = end;
    read();
    this.#end = outer;
    this.#reader.pos = end;
  }

  /** Where the message in this field is, to be read later with `at`. */
  place(): Place {
    const end = this.#enter();
    const start = this.#reader.pos;
    this.#reader.pos = end;
    return { start, end };
  }

  /** Reads the message at a place with `read`. */
  at({ start, end }: Place, read: () => void): void {
    const { pos } = this.#reader;
    const outer = this.#end;
    this.#reader.pos = start;
    this.#end = end;
    read();
    this.#end = outer;
    this.#reader.pos = pos;
  }

  /** Text; empty if it takes more than `maxBytes`. */
  text(maxBytes = MAX_TEXT_BYTES): string {
    const { start, end } = this.place();
    return end - start > maxBytes ? '' : this.#bytes.toString('utf8', start, end);
  }

  /** Bytes in hexadecimal; empty if there are more than 16. */
  hex(): string {
    const { start, end } = this.place();
    return end - start > 16 ? '' : this.#bytes.toString('hex', start, end);
  }

  varint(): number {
    this.#expect(WireType.Varint);
    return Number(this.#reader.int64());
  }

  /** Nanoseconds in 64 bits, as milliseconds. */
  nanoseconds(): number {
    this.#expect(WireType.Bit64);
    const low = this.#reader.fixed32();
    return (this.#reader.fixed32() * 2 ** 32 + low) / 1e6;
  }

  double(): number {
    this.#expect(WireType.Bit64);
    return this.#reader.double();
  }

  fixedInteger(): number {
    this.#expect(WireType.Bit64);
    return Number(this.#reader.sfixed64());
  }

  /** Reads a `KeyValue` into `attributes` if its key is wanted and its value a scalar. */
  attribute(wanted: (key: string) => boolean, attributes: Record<string, Scalar>): void {
    let key = '';
    let value: Scalar | undefined;
    this.message(() =>
      this.fields((field) => {
        if (field === KEY) key = this.text(MAX_KEY_BYTES);
        // Keys are written first; after the value of one that is not wanted, nothing of it has been read.
        else if (field === VALUE && (key === '' || wanted(key))) value = this.#scalar();
      }),
    );
    if (value !== undefined && wanted(key)) attributes[key] = value;
  }

  #scalar(): Scalar | undefined {
    let value: Scalar | undefined;
    this.message(() =>
      this.fields((field) => {
        if (field === STRING) value = this.text();
        else if (field === BOOL) value = this.varint() !== 0;
        else if (field === INT) value = this.varint();
        else if (field === DOUBLE) value = this.double();
      }),
    );
    return value;
  }

  /** Returns where the length-delimited field ends. */
  #enter(): number {
    this.#expect(WireType.LengthDelimited);
    const length = this.#reader.uint32();
    const end = this.#reader.pos + length;
    if (end > this.#end) throw new RangeError('a message is longer than the one around it');
    return end;
  }

  #pass(field: number, wireType: WireType): void {
    // Not `skip`, which creates a view of what it passes over.
    if (wireType === WireType.LengthDelimited) this.place();
    else this.#reader.skip(wireType, field);
  }

  #expect(wireType: WireType): void {
    if (this.#wireType !== wireType) throw new RangeError('a field is of another type');
  }
}

/** Where a message is in the bytes of a request. */
export interface Place {
  readonly start: number;
  readonly end: number;
}
