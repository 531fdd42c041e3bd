import { type ClientHttp2Session, connect } from 'node:http2';
import { StreamDeltasRequestSchema } from '../src/gen/learning/v1/learning_service_pb.ts';
import { encode } from '../src/wire/encode.ts';
import { MessageCounter } from './message-counter.ts';
import { METHODS } from './raw-client.ts';

/** Streams of one connection. */
const PER_CONNECTION = 100;
const WINDOW_BYTES = 1 << 24;
const TIMEOUT_MS = 30_000;

/** When messages came, by `performance.now()`. */
export interface Arrival {
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Open StreamDeltas streams that count what they are sent. Not grpc-js's: on its side a delivery
 * costs more than on the server's, and the client would be what is measured.
 */
export class Subscribers {
  readonly count: number;
  readonly #sessions: ClientHttp2Session[] = [];
  #received = 0;
  #wanted = 0;
  #firstMs: number | undefined;
  #reached: (() => void) | undefined;

  private constructor(count: number) {
    this.count = count;
  }

  /** Opens streams; answers when each has had its first message. */
  static async open(address: string, count: number): Promise<Subscribers> {
    const subscribers = new Subscribers(count);
    const opened = subscribers.receive(1);
    for (let left = count; left > 0; left -= PER_CONNECTION) {
      const session = connect(`http://${address}`, {
        settings: { initialWindowSize: WINDOW_BYTES },
      });
      subscribers.#sessions.push(session);
      session.once('connect', () => session.setLocalWindowSize(WINDOW_BYTES));
      for (let i = 0; i < Math.min(left, PER_CONNECTION); i += 1) subscribers.#subscribe(session);
    }
    await opened;
    return subscribers;
  }

  /** Resolves when all together have been sent so many messages more for each. */
  receive(each: number): Promise<Arrival> {
    this.#wanted += each * this.count;
    this.#firstMs = undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Arrival>();
    const timer = setTimeout(
      () => reject(new Error(`${this.#received} of ${this.#wanted} messages came`)),
      TIMEOUT_MS,
    );
    this.#reached = () => {
      clearTimeout(timer);
      const lastMs = performance.now();
      resolve({ firstMs: this.#firstMs ?? lastMs, lastMs });
    };
    return promise;
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #subscribe(session: ClientHttp2Session): void {
    const stream = session.request({
      ':method': 'POST',
      ':path': METHODS.streamDeltas,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const counter = new MessageCounter();
    stream.on('data', (chunk: Buffer) => {
      this.#firstMs ??= performance.now();
      this.#received += counter.take(chunk);
      if (this.#received === this.#wanted) this.#reached?.();
    });
    stream.on('error', () => {});
    stream.end(frame(encode(StreamDeltasRequestSchema, {})));
  }
}

function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
