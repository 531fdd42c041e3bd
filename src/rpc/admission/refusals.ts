import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { status as code, Metadata, type StatusObject } from '@grpc/grpc-js';
import { createStatus, PUSHBACK, type WireReason } from '../../wire/status.ts';

/** Number of statuses kept per kind: enough different delays that clients refused together do not retry together. */
const KEPT = 64;

/** Refusals of one kind, created once: refusing has to be cheaper than serving. */
export class Refusals {
  readonly reason: WireReason;
  readonly #message: string;
  readonly #kept: StatusObject[] = [];
  #given = 0;

  constructor(reason: WireReason, message: string) {
    this.reason = reason;
    this.#message = message;
  }

  /** The next refusal, with another delay until the client may retry. */
  next(): StatusObject {
    const index = this.#given % KEPT;
    this.#given += 1;
    const refusal = this.#kept[index] ?? createStatus(this.reason, this.#message);
    this.#kept[index] = refusal;
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

/** The status of a request that is larger than its method takes. */
export function tooLarge(maxBytes: number): StatusObject {
  const details = `the request is larger than ${maxBytes} bytes`;
  return { code: code.RESOURCE_EXHAUSTED, details, metadata: new Metadata() };
}

const neverRepeated = new WeakMap<StatusObject, StatusObject>();

/** The same status, which also tells clients of gRPC not to repeat the call. */
export function withoutRetry(status: StatusObject): StatusObject {
  const known = neverRepeated.get(status);
  if (known !== undefined) return known;
  const metadata = status.metadata.clone();
  metadata.set(PUSHBACK, '-1');
  const final = { ...status, metadata };
  neverRepeated.set(status, final);
  return final;
}

const encoded = new WeakMap<StatusObject, OutgoingHttpHeaders>();

/** A status as the headers of a response without messages ("Trailers-Only"). */
function headersOf(status: StatusObject): OutgoingHttpHeaders {
  const known = encoded.get(status);
  if (known !== undefined) return known;
  const headers = {
    [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_OK,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
    'grpc-status': status.code,
    'grpc-message': encodeURI(status.details),
    ...status.metadata.toHttp2Headers(),
  };
  encoded.set(status, headers);
  return headers;
}

/** Ends a stream that grpc-js has not seen. Node tells the client to stop sending its request. */
export function refuseStream(stream: ServerHttp2Stream, status: StatusObject): void {
  // A client that has gone causes an error, which without a listener would end the process.
  stream.on('error', () => {});
  // Answered in the next turn of the event loop: a client that is answered in this turn goes on sending in it, and
  // calls already admitted would wait until the client stops.
  setImmediate(() => {
    if (!stream.destroyed) stream.respond(headersOf(status), { endStream: true });
  });
}
