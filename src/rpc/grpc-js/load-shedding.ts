import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** Answers how a call is refused, in headers that are the whole answer; `undefined`: it is served. */
export type RefusalFor = (
  path: string,
  stream: ServerHttp2Stream,
) => OutgoingHttpHeaders | undefined;

type StreamHandler = (
  interceptors: unknown,
  stream: ServerHttp2Stream,
  headers: Record<string, string>,
) => void;

/** grpc-js's own handler of a stream that has begun. */
const STREAM_HANDLER = '_streamHandler';

/**
 * Refuses calls before grpc-js makes anything of them, which would cost more than half of serving them:
 * a server that is offered twice what it can take would be busy with nothing but refusals.
 */
export function shedLoad(server: Server, refusalFor: RefusalFor): void {
  // There is no other place that comes before. Its version is pinned, and
  // test/rpc/admission/admission.test.ts fails where grpc-js does not ask here.
  const serve: StreamHandler = Reflect.get(server, STREAM_HANDLER);
  const handle: StreamHandler = (interceptors, stream, headers) => {
    const refusal = refusalFor(headers[constants.HTTP2_HEADER_PATH] ?? '', stream);
    if (refusal === undefined) serve.call(server, interceptors, stream, headers);
    else refuse(stream, refusal);
  };
  Object.assign(server, { [STREAM_HANDLER]: handle });
}

/** Nothing of its request is read: where more is to come, Node tells the client to send none. */
function refuse(stream: ServerHttp2Stream, refusal: OutgoingHttpHeaders): void {
  // The client may be gone; nobody listening, that would end the process.
  stream.on('error', () => {});
  // In a turn of its own: answered at once, a client would go on sending in this one, and those who
  // were taken in would wait for its end.
  setImmediate(() => {
    if (!stream.destroyed) stream.respond(refusal, { endStream: true });
  });
}
