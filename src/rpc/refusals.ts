import type { OutgoingHttpHeaders } from 'node:http2';
import type { StatusObject } from '@grpc/grpc-js';
import { trailersOnly } from './load-shedding.ts';
import { createStatus, type WireReason } from './status.ts';

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
