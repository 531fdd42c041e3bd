import { constants, type OutgoingHttpHeaders } from 'node:http2';
import type { StatusObject } from '@grpc/grpc-js';
import { createStatus, type WireReason } from '../../wire/status.ts';

/** As many delays as there are: enough that clients refused together do not come back together. */
const KEPT = 64;

/** A refusal: as grpc-js sends one, and as it is sent instead of anything else. */
export interface Refusal {
  readonly status: StatusObject;
  readonly headers: OutgoingHttpHeaders;
}

/** Refusals of one kind, encoded beforehand: to refuse has to be cheaper than to serve. */
export class Refusals {
  readonly reason: WireReason;
  readonly #message: string;
  readonly #kept: Refusal[] = [];
  #given = 0;

  constructor(reason: WireReason, message: string) {
    this.reason = reason;
    this.#message = message;
  }

  /** The next one, each with another delay until the call may be tried again. */
  next(): Refusal {
    const place = this.#given % KEPT;
    this.#given += 1;
    const refusal = this.#kept[place] ?? this.#create();
    this.#kept[place] = refusal;
    return refusal;
  }

  #create(): Refusal {
    const status = createStatus(this.reason, this.#message);
    return { status, headers: trailersOnly(status) };
  }
}

/** A status as an answer that has nothing else. */
function trailersOnly({ code, details, metadata }: StatusObject): OutgoingHttpHeaders {
  return {
    [constants.HTTP2_HEADER_STATUS]: constants.HTTP_STATUS_OK,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc+proto',
    'grpc-status': code,
    'grpc-message': encodeURI(details),
    ...metadata.toHttp2Headers(),
  };
}
