import type { IncomingHttpHeaders, ServerHttp2Stream, ServerOptions } from 'node:http2';
import type { Server, ServerInterceptingCallInterface } from '@grpc/grpc-js';

// The private members of grpc-js that the sidecar needs. No other file may name one (see biome.json);
// test/rpc/grpc-js/internals.test.ts fails if the installed version lacks one, and says what to do.

/** Serves a stream whose headers have arrived. With channelz, grpc-js uses another member instead. */
export const STREAM_HANDLER = '_streamHandler';

/** The options that HTTP/2 servers are created with. */
export const HTTP2_OPTIONS = 'commonServerOptions';

/** The largest message of a call: where it is kept for what is unpacked, and by whom for what arrives. */
export const MESSAGE_LIMIT = 'maxReceiveMessageSize';
export const DECODER = 'decoder';
export const DECODER_LIMIT = 'maxReadMessageLength';

/** Returns whether grpc-js is to serve the stream; if not, the gate has to answer it. */
export type Gate = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

type StreamHandler = (
  interceptors: unknown,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
) => void;

/**
 * Asks the gate about each stream before grpc-js creates a call for it. An interceptor would come too late: a refusal
 * there costs half as much as serving, so a server offered twice its capacity would do nothing but refuse.
 */
export function addGate(server: Server, gate: Gate): void {
  const serve: StreamHandler = Reflect.get(server, STREAM_HANDLER);
  const handle: StreamHandler = (interceptors, stream, headers) => {
    if (gate(stream, headers)) serve.call(server, interceptors, stream, headers);
  };
  Object.assign(server, { [STREAM_HANDLER]: handle });
}

/** Sets options of HTTP/2 for which grpc-js has none; to be called before the server listens. */
export function setHttp2Options(server: Server, options: ServerOptions): void {
  Object.assign(Reflect.get(server, HTTP2_OPTIONS), options);
}

/** Lets one call have larger messages than the others of its server; to be called before anything is read of it. */
export function allowMessages(call: ServerInterceptingCallInterface, maxBytes: number): void {
  Object.assign(call, { [MESSAGE_LIMIT]: maxBytes });
  Object.assign(Reflect.get(call, DECODER), { [DECODER_LIMIT]: maxBytes });
}
