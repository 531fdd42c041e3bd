import { connect, type Socket } from 'node:net';

/** What HTTP/2 numbers its frames by. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;

/** What a client begins with. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** @param length what the frame says of its length, where that is not to be the truth */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(length & 0xffffff, 0, 3);
  header.writeUInt8(type & 0xff, 3);
  header.writeUInt8(flags & 0xff, 4);
  header.writeUInt32BE(streamId >>> 0, 5);
  return Buffer.concat([header, payload]);
}

/** A header block of literals: nothing is indexed or compressed. */
export function headerBlock(headers: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value, 'latin1');
    return Buffer.concat([prefixedLength(bytes.length), bytes]);
  };
  return Buffer.concat(
    headers.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}

/** A number with a prefix of seven bits, as HPACK has it. */
function prefixedLength(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const bytes = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** The headers of a gRPC call, of which `changes` replaces, adds or (`undefined`) leaves out some. */
export function callHeaders(
  path: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): readonly (readonly [string, string])[] {
  const all: Record<string, string | undefined> = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...changes,
  };
  return Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
}

/** A message with gRPC's prefix. */
export function grpcMessage(bytes: Uint8Array, flags = 0, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt8(flags, 0);
  prefix.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([prefix, bytes]);
}

/** A connection that sends what it is told, right or wrong, and counts what comes back. */
export class RawConnection {
  readonly socket: Socket;
  /** Streams that the server has ended, one way or another. */
  streamsEnded = 0;
  readonly closed: Promise<void>;
  #rest: Buffer = Buffer.alloc(0);
  #wake = () => {};

  /** @param address `host:port` */
  constructor(address: string) {
    const [host = '', port = ''] = address.split(':');
    this.socket = connect({ host, port: Number(port) });
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        resolve();
        this.#wake();
      });
    });
  }

  write(...parts: readonly Uint8Array[]): void {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(parts));
  }

  /** Resolves when so many streams have ended, or the connection has. */
  async untilEnded(count: number): Promise<void> {
    while (this.streamsEnded < count && !this.socket.destroyed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #read(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length >= 9) {
      const length = this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < 9 + length) break;
      const type = this.#rest[3];
      const flags = this.#rest[4] ?? 0;
      const isEnd = (type === FRAME.data || type === FRAME.headers) && (flags & 1) === 1;
      if (isEnd || type === FRAME.reset) this.streamsEnded += 1;
      this.#rest = this.#rest.subarray(9 + length);
    }
    this.#wake();
  }
}
