import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { StatusObject } from '@grpc/grpc-js';
import { createStatus, type WireReason } from '../../wire/status.ts';

/** Refusals kept of each kind: enough different delays that clients refused together retry apart. */
const KEPT = 64;

/** A refusal, as a status and as the headers of a response that has nothing else. */
export interface Refusal {
  readonly status: StatusObject;
  readonly headers: OutgoingHttpHeaders;
}

/** Refusals of one kind, encoded once: refusing has to be cheaper than serving. */
export class Refusals {
  readonly reason: WireReason;
  readonly #message: string;
  readonly #kept: Refusal[] = [];
  #given = 0;

  constructor(reason: WireReason, message: string) {
    this.reason = reason;
    this.#message = message;
  }

  /** The next refusal, with another delay until the client may retry. */
  next(): Refusal {
    const index = this.#given % KEPT;
    this.#given += 1;
    const kept = this.#kept[index];
    if (kept !== undefined) return kept;
    const status = createStatus(this.reason, this.#message);
    const refusal = { status, headers: headersOf(status) };
    this.#kept.push(refusal);
    return refusal;
  }
}

export const OVERLOADED = new Refusals('OVERLOADED', 'too many calls are under way');
export const DRAINING = new Refusals('DRAINING', 'the sidecar is shutting down');
export const UNREAD = new Refusals('OVERLOADED', 'answers on this connection are not read');
export const TOO_MANY_BYTES = new Refusals(
  'OVERLOADED',
  'too many bytes of requests are under way',
);

/** A status as the headers of a response without messages ("Trailers-Only"). */
export function headersOf({ code, details, metadata }: StatusObject): OutgoingHttpHeaders {
  return {
    [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_OK,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
    'grpc-status': code,
    'grpc-message': encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
}

/** Ends a stream that grpc-js has not seen. Node tells the client to stop sending its request. */
export function refuseStream(stream: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  // A client that has gone causes an error, which without a listener would end the process.
  stream.on('error', () => {});
  // In the next turn: a client that is answered in this one goes on sending in it, and calls already
  // admitted would wait until it stops.
  setImmediate(() => {
    if (!stream.destroyed) stream.respond(headers, { endStream: true });
  });
}
