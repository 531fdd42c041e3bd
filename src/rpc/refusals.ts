import type { StatusObject } from '@grpc/grpc-js';
import { createStatus, type WireReason } from './status.ts';

/** As many delays as there are: enough that clients refused together do not come back together. */
const KEPT = 64;

/** Refusals of one kind, encoded beforehand: to refuse has to be cheaper than to serve. */
export class Refusals {
  readonly reason: WireReason;
  readonly #message: string;
  readonly #kept: StatusObject[] = [];
  #given = 0;

  constructor(reason: WireReason, message: string) {
    this.reason = reason;
    this.#message = message;
  }

  /** The next one, each with another delay until the call may be tried again. */
  next(): StatusObject {
    const place = this.#given % KEPT;
    this.#given += 1;
    const refusal = this.#kept[place] ?? createStatus(this.reason, this.#message);
    this.#kept[place] = refusal;
    return refusal;
  }
}
