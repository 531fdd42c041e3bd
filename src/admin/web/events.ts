import type { ServerResponse } from 'node:http';
import type { Clock } from '../../domain/clock.ts';
import { HttpError } from './answers.ts';
import type { Asked, WebAnswer } from './route.ts';

/** Maximum number of open streams of events: each page that is open has one. */
const MAX_STREAMS = 64;

/** Least time between two events of a stream. */
const GAP_MS = 250;

/** How often a stream that is silent sends a comment; its caller is checked again then. */
const HEARTBEAT_MS = 10_000;

/** After this time a browser opens a stream again that has ended. */
const RETRY_MS = 1000;

/** Changes remembered for streams that resume; one that missed more is told that everything has changed. */
const REMEMBERED = 1000;

export interface EventsOptions {
  readonly clock: Pick<Clock, 'schedule' | 'monotonic'>;
  /** Every topic. */
  readonly topics: readonly string[];
  /** Names the history that positions count. */
  readonly epoch: string;
  /** Position of the newest change. */
  position(): number;
}

/** What has changed, up to a position. */
interface Change {
  readonly position: number;
  readonly topics: ReadonlySet<string>;
}

/**
 * Streams of server-sent events that say what has changed: `id` is `EPOCH/POSITION`, and `data` names topics. Changes
 * that come faster than a stream takes them are told together, so that a stream holds one set of topics at most.
 */
export class Events {
  readonly #options: EventsOptions;
  readonly #streams = new Set<EventStream>();
  readonly #remembered: Change[] = [];
  /** Every change after this position is remembered. */
  #knownSince: number;
  #isClosed = false;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#knownSince = options.position();
  }

  /** Tells all streams. */
  note(topics: ReadonlySet<string>): void {
    const position = this.#options.position();
    this.#remembered.push({ position, topics });
    while (this.#remembered.length > REMEMBERED) {
      this.#knownSince = this.#remembered.shift()?.position ?? position;
    }
    for (const stream of this.#streams) stream.note(topics);
  }

  get isWatched(): boolean {
    return this.#streams.size > 0;
  }

  /** @param mayGoOn whether the caller may still read; asked again at each heartbeat */
  open({ request }: Asked, mayGoOn: () => boolean): WebAnswer {
    if (this.#isClosed) throw new HttpError(503, 'DRAINING', 'the sidecar is shutting down');
    if (this.#streams.size >= MAX_STREAMS) {
      throw new HttpError(503, 'TOO_MANY_STREAMS', `at most ${MAX_STREAMS} streams may be open`);
    }
    const missed = this.#missedSince(request.headers['last-event-id']);
    return {
      stream: (response) => {
        const { clock, epoch, position } = this.#options;
        const idOf = () => `${epoch}/${position()}`;
        const stream = new EventStream(response, { clock, idOf, mayGoOn }, () =>
          this.#streams.delete(stream),
        );
        this.#streams.add(stream);
        stream.note(missed);
      },
    };
  }

  /** Ends all streams, and opens no more. */
  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.end();
  }

  /** The topics that changed since an event; all of them for a new stream or one that missed too much. */
  #missedSince(lastId: string | string[] | undefined): ReadonlySet<string> {
    const [epoch, text] = String(lastId ?? '').split('/', 2);
    const position = Number(text);
    const isKnown = epoch === this.#options.epoch && position >= this.#knownSince;
    if (!isKnown) return new Set(this.#options.topics);
    const missed = this.#remembered.filter((change) => change.position > position);
    return new Set(missed.flatMap(({ topics }) => [...topics]));
  }
}

interface StreamOptions {
  readonly clock: Pick<Clock, 'schedule' | 'monotonic'>;
  idOf(): string;
  mayGoOn(): boolean;
}

/** One open stream. It writes while its reader takes what it writes. */
class EventStream {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #topics = new Set<string>();
  #isWritable = true;
  #sentMs = Number.NEGATIVE_INFINITY;
  #cancelSend: (() => void) | undefined;
  #cancelBeat: () => void;

  constructor(response: ServerResponse, options: StreamOptions, ended: () => void) {
    this.#response = response;
    this.#options = options;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // Proxies that gather answers would hold events back.
      'x-accel-buffering': 'no',
    });
    response.on('drain', () => {
      this.#isWritable = true;
      this.#sendSoon();
    });
    response.once('close', () => {
      this.#cancelSend?.();
      this.#cancelBeat();
      ended();
    });
    this.#write(`retry: ${RETRY_MS}\n\n`);
    this.#cancelBeat = options.clock.schedule(() => this.#beat(), HEARTBEAT_MS);
  }

  note(topics: ReadonlySet<string>): void {
    for (const topic of topics) this.#topics.add(topic);
    this.#sendSoon();
  }

  end(): void {
    this.#response.end();
    // A reader that does not read would hold the connection open.
    this.#response.socket?.destroySoon();
  }

  #sendSoon(): void {
    if (this.#cancelSend !== undefined || !this.#isWritable || this.#topics.size === 0) return;
    const { clock } = this.#options;
    const waitMs = Math.max(this.#sentMs + GAP_MS - clock.monotonic(), 0);
    this.#cancelSend = clock.schedule(() => {
      this.#cancelSend = undefined;
      this.#send();
    }, waitMs);
  }

  #send(): void {
    const topics = [...this.#topics].sort();
    this.#topics.clear();
    this.#sentMs = this.#options.clock.monotonic();
    const data = JSON.stringify({ topics });
    this.#write(`id: ${this.#options.idOf()}\nevent: changed\ndata: ${data}\n\n`);
  }

  #beat(): void {
    if (!this.#options.mayGoOn()) {
      this.end();
      return;
    }
    if (this.#isWritable) this.#write(': still here\n\n');
    this.#cancelBeat = this.#options.clock.schedule(() => this.#beat(), HEARTBEAT_MS);
  }

  #write(text: string): void {
    this.#isWritable = this.#response.write(text);
  }
}
