import type { IncomingHttpHeaders } from 'node:http';
import type { StatusObject } from '@grpc/grpc-js';
import type { MethodRule } from '../admission/rules.ts';

/** A request that has arrived whole. */
export interface HttpRequest {
  /** The path as it was sent, without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The media type in lower case, without parameters. */
  readonly contentType: string;
  /** The unpacked body. */
  readonly body: Buffer;
  /** The client's address and port; over a unix socket, a name that no other connection has. */
  readonly peer: string;
  /** Fires when the client has gone, or the answer has been sent. */
  readonly ended: AbortSignal;
}

/** An answer to a request. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parts are written at the pace of the client. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** To be called once all parts are read: the error that ended them; `undefined` if there was none. */
  readonly failure?: () => unknown;
}

/** One method that is called over HTTP/1.1, always by POST. */
export interface HttpRoute {
  readonly rule: MethodRule;
  /** The content types that the method takes. */
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
