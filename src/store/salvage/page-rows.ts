import { decodeEvent } from '../../ledger/codec.ts';
import type { StoredEvent } from '../../ledger/event.ts';
import type { Head } from '../../ledger/head.ts';
import { PAGE_BYTES } from '../sqlite/file.ts';
import { checksum, parseHead } from '../sqlite/rows.ts';
import type { PageImages } from './page-images.ts';

/** A row of a ledger whose checksum fits. */
export type SoundRow =
  | { readonly table: 'events'; readonly stored: StoredEvent }
  | { readonly table: 'head'; readonly head: Head };

/** Kinds of pages that hold tables. */
const INTERIOR = 5;
const LEAF = 13;

/** Of a payload, so much at most is in the leaf itself; of a longer one, at least `MIN_LOCAL`. */
const MAX_LOCAL = PAGE_BYTES - 35;
const MIN_LOCAL = Math.floor(((PAGE_BYTES - 12) * 32) / 255) - 23;
const OVERFLOW_BYTES = PAGE_BYTES - 4;

/** Pages of one row's overflow: SQLite's own limit on a row is a billion bytes. */
const MAX_OVERFLOW_PAGES = 250_000;

/** A page of a table, as far as it can be made out. */
export type TablePage =
  | { readonly kind: 'leaf'; readonly cells: number; readonly rows: readonly SoundRow[] }
  | {
      readonly kind: 'interior';
      /** Pages, and the greatest key in each; of the last one there is none. */
      readonly children: readonly { readonly page: number; readonly through: number }[];
    };

/** `undefined`: it is no page of a table. */
export function readTablePage(bytes: Buffer, images: PageImages, at = 0): TablePage | undefined {
  const kind = bytes[at];
  if (kind !== INTERIOR && kind !== LEAF) return undefined;
  const cells = bytes.readUInt16BE(at + 3);
  const pointers = at + (kind === LEAF ? 8 : 12);
  if (pointers + cells * 2 > PAGE_BYTES) return undefined;
  const places = Array.from({ length: cells }, (_, i) => bytes.readUInt16BE(pointers + i * 2));
  if (kind === LEAF) {
    const rows = places.flatMap((place) => readCell(bytes, place, images) ?? []);
    return { kind: 'leaf', cells, rows };
  }
  const children = places.map((place) =>
    place + 4 < PAGE_BYTES
      ? { page: bytes.readUInt32BE(place), through: new Reader(bytes, place + 4).varint() }
      : { page: 0, through: Number.NaN },
  );
  const last = { page: bytes.readUInt32BE(at + 8), through: Number.POSITIVE_INFINITY };
  return { kind: 'interior', children: [...children, last] };
}

/** A row; `undefined`: it is damaged, or none of a ledger's. */
function readCell(bytes: Buffer, place: number, images: PageImages): SoundRow | undefined {
  const cell = new Reader(bytes, place);
  const length = cell.varint();
  const key = cell.varint();
  const payload = readPayload(cell, length, images);
  const columns = payload && readRecord(payload);
  try {
    return columns && (asEvent(key, columns) ?? asHead(columns));
  } catch {
    // Sound by its checksum, but not what it says: nobody will ever have written it.
    return undefined;
  }
}

function readPayload(cell: Reader, length: number, images: PageImages): Buffer | undefined {
  if (length <= MAX_LOCAL) return cell.take(length);
  const surplus = MIN_LOCAL + ((length - MIN_LOCAL) % OVERFLOW_BYTES);
  const parts = [cell.take(surplus <= MAX_LOCAL ? surplus : MIN_LOCAL)];
  let next = cell.take(4)?.readUInt32BE(0) ?? 0;
  let left = length - (parts[0]?.length ?? 0);
  for (let i = 0; left > 0 && i < MAX_OVERFLOW_PAGES; i += 1) {
    const page = next > 0 ? images.newest(next) : undefined;
    if (page === undefined) return undefined;
    parts.push(page.subarray(4, 4 + Math.min(left, OVERFLOW_BYTES)));
    left -= OVERFLOW_BYTES;
    next = page.readUInt32BE(0);
  }
  const whole = parts.filter((part) => part !== undefined);
  return whole.length === parts.length ? Buffer.concat(whole) : undefined;
}

type Column = Buffer | number | null;

/** The columns of a record; `undefined`: they are not such as a ledger's. */
function readRecord(payload: Buffer): Column[] | undefined {
  const reader = new Reader(payload, 0);
  const headerBytes = reader.varint();
  const types: number[] = [];
  while (reader.place < headerBytes && types.length <= 4) types.push(reader.varint());
  if (reader.place !== headerBytes) return undefined;
  const columns: Column[] = [];
  for (const type of types) {
    const column = readColumn(reader, type);
    if (column === undefined) return undefined;
    columns.push(column);
  }
  return columns;
}

/** Bytes of an integer, by the type that says so. */
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function readColumn(reader: Reader, type: number): Column | undefined {
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  if (type >= 13 && type % 2 === 1) return reader.take((type - 13) / 2);
  const length = INTEGER_BYTES[type];
  const bytes = length === undefined ? undefined : reader.take(length);
  if (bytes === undefined) return undefined;
  return bytes.length === 8 ? Number(bytes.readBigInt64BE(0)) : bytes.readIntBE(0, bytes.length);
}

function asEvent(position: number, columns: readonly Column[]): SoundRow | undefined {
  const [id, kind, body, sum] = columns;
  if (columns.length !== 4 || id !== null) return undefined;
  if (!(kind instanceof Buffer) || !(body instanceof Buffer)) return undefined;
  const name = kind.toString();
  if (sum !== checksum(position, name, body)) return undefined;
  return { table: 'events', stored: { position, event: decodeEvent(name, body.toString()) } };
}

function asHead(columns: readonly Column[]): SoundRow | undefined {
  const [id, body, sum] = columns;
  if (columns.length !== 3 || id !== null || !(body instanceof Buffer)) return undefined;
  if (sum !== checksum(0, 'head', body)) return undefined;
  return { table: 'head', head: parseHead(body.toString()) };
}

/** Reads on from a place, and nothing beyond the end. */
class Reader {
  readonly #bytes: Buffer;
  place: number;

  constructor(bytes: Buffer, place: number) {
    this.#bytes = bytes;
    this.place = place;
  }

  take(length: number): Buffer | undefined {
    const end = this.place + length;
    if (!(length >= 0 && end <= this.#bytes.length)) return undefined;
    const taken = this.#bytes.subarray(this.place, end);
    this.place = end;
    return taken;
  }

  /** Up to nine bytes, seven bits in each but the ninth. Beyond what a number can hold: inexact. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 9; i += 1) {
      const byte = this.#bytes[this.place] ?? 0;
      this.place += 1;
      if (i === 8) return value * 256 + byte;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return value;
  }
}
