import { constants, type ServerHttp2Stream } from 'node:http2';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

/** What grpc-js's own call has that its types keep to themselves. */
interface WireCall {
  readonly stream: ServerHttp2Stream;
  readonly decoder: { readonly readState: number; readPartialMessage: Buffer[] };
}

/** No message has begun. */
const NO_DATA = 0;

/** @param call what lies beneath all interceptors */
export function wireCallOf(call: ServerInterceptingCallInterface): WireCall {
  // The cast reaches private members: grpc-js exposes messages only once they are complete, and the
  // bytes of an incomplete one can be counted nowhere else. The version of grpc-js is pinned, and
  // test/rpc/grpc-js/message-limits.test.ts fails if these members change.
  return call as unknown as WireCall;
}

/** The decoder would hold the parts of a message until the next one begins. */
export function forgetMessage({ decoder }: WireCall): void {
  if (decoder.readState === NO_DATA) decoder.readPartialMessage = [];
}

/**
 * Tells the client to send no more of a request whose answer is on its way: until it had, the
 * stream would stay, and what has come of it.
 */
export function hangUp({ stream }: WireCall): void {
  const close = () =>
    void setImmediate(() => {
      if (!stream.readableEnded && !stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  if (stream.listenerCount('wantTrailers') > 0) stream.once('wantTrailers', close);
  else close();
}

/** Closes a connection, with all that goes on there: its client is told to calm down. */
export function closeConnection({ stream }: WireCall): void {
  const { session } = stream;
  if (session === undefined || session.destroyed) return;
  session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  session.destroy();
}
