import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { StatusObject } from '@grpc/grpc-js';
import type { Applicant, CallCounter, CountedCall } from '../admission/admitted-call.ts';
import { type Refusals, TOO_MANY_BYTES, tooLarge } from '../admission/refusals.ts';
import type { HttpAnswer } from './route.ts';

/** An admitted call over HTTP/1.1. It is counted until its answer is sent, as a gRPC call is. */
export class HttpCall implements CountedCall {
  readonly arrival: Applicant;
  readonly #response: ServerResponse;
  readonly #counter: CallCounter;
  readonly #failure: (status: StatusObject) => HttpAnswer;
  #isPending = true;
  #bytes = 0;
  /** Bytes taken from the budget of requests. */
  #taken = 0;

  /** @param failure what is answered for a status */
  constructor(
    arrival: Applicant,
    response: ServerResponse,
    counter: CallCounter,
    failure: (status: StatusObject) => HttpAnswer,
  ) {
    this.arrival = arrival;
    this.#response = response;
    this.#counter = counter;
    this.#failure = failure;
    counter.enter(this);
    arrival.rule.pool.awaited.add(this);
    response.once('close', () => {
      this.#leave();
      counter.ended(this);
      counter.connections.giveRequest(arrival.connection, this.#taken);
    });
  }

  /** Counts bytes of the request that have arrived; returns a refusal if they are too many. */
  count(bytes: number): StatusObject | undefined {
    const { rule, connection } = this.arrival;
    this.#bytes += bytes;
    if (this.#bytes > rule.maxBytes) return tooLarge(rule.maxBytes);
    const taken = this.#counter.connections.takeRequest(connection, this.#bytes, this.#taken);
    if (taken === undefined) return this.#counter.refuse(rule, TOO_MANY_BYTES);
    this.#taken = taken;
    return undefined;
  }

  /** Counts the unpacked bytes of a whole request, in place of the packed ones; returns what `count` returns. */
  countUnpacked(bytes: number): StatusObject | undefined {
    this.#bytes = 0;
    return this.count(bytes);
  }

  /** To be called when the whole request has arrived. */
  requestEnded(): void {
    const { pool, responseStream } = this.arrival.rule;
    pool.awaited.delete(this);
    if (responseStream) this.#leave();
  }

  refuse(refusals: Refusals): void {
    this.sendStatus(this.#counter.refuse(this.arrival.rule, refusals));
  }

  /** Ends the call, and its connection: what is left of the request is not read. */
  sendStatus(status: StatusObject): void {
    if (this.#response.headersSent) this.#response.destroy();
    else {
      this.#response.setHeader('connection', 'close');
      void this.send(this.#failure(status));
    }
  }

  /** Sends an answer, if none was sent. Resolves when it is sent, or cannot be. */
  async send(answer: HttpAnswer): Promise<void> {
    const response = this.#response;
    if (response.headersSent || response.destroyed) return;
    await sendAnswer(response, answer);
  }

  #leave(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.arrival.rule.pool.awaited.delete(this);
    this.#counter.leave(this);
  }
}

/** Sends an answer; resolves when all of it is written, or the client has gone. */
export async function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
): Promise<void> {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (typeof body === 'string' || body instanceof Uint8Array) response.end(body);
  // The sidecar is not at fault when a client goes.
  else await pipeline(body, response).catch(() => {});
}
