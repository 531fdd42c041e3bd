import type { IncomingHttpHeaders } from 'node:http';
import type { StatusObject } from '@grpc/grpc-js';
import type { MethodRule } from '../admission/rules.ts';

/** A request that has arrived whole. */
export interface HttpRequest {
  /** As it was sent, without a query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Without parameters, in lower case. */
  readonly contentType: string;
  /** Unpacked. */
  readonly body: Buffer;
  /** Of the client, or a name that no other connection over a unix socket has. */
  readonly peer: string;
  /** Fires when the client has gone, or what was answered has been sent. */
  readonly ended: AbortSignal;
}

/** What is answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parts are written at the pace of the client. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Why parts have ended, once they have; `undefined` if as they should. */
  readonly failure?: () => unknown;
}

/** One method that is called over HTTP/1.1, always by POST. */
export interface HttpRoute {
  readonly rule: MethodRule;
  /** Those that it takes. */
  readonly contentTypes: readonly string[];
  /** Throws a `LearningError` to refuse. */
  handle(request: HttpRequest): HttpAnswer | Promise<HttpAnswer>;
  /**
   * What is answered to a call that failed with a status.
   *
   * @param request its body may not have arrived
   */
  failure(status: StatusObject, request: Pick<HttpRequest, 'path' | 'contentType'>): HttpAnswer;
}

/** Finds the route of a path. */
export type FindRoute = (path: string) => HttpRoute | undefined;
