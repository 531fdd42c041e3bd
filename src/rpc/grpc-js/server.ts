import type { ServerOptions } from 'node:http2';
import { Server, type ServerInterceptor, setLogger } from '@grpc/grpc-js';
import { addGate, type Gate, setHttp2Options } from './internals.ts';

/** The largest message of a request, in bytes; grpc-js refuses larger ones. */
export const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/**
 * Live clients answer a ping every 5 s: see `IdleConnections`. The timeout is long because the answer to
 * a ping waits behind everything else that the client sends.
 */
const KEEPALIVE_MS = { every: 5_000, timeout: 120_000 } as const;

/**
 * Maximum number of unary calls that one connection has open beside its streams; the client queues further ones. One
 * turn of the event loop may read all of them, at about 10 KB each, so there are no more than keep a connection busy.
 */
const UNARY_CALLS_PER_CONNECTION = 256;

/**
 * What one connection may do before Node closes it. Node's defaults are for browsers, but clients with deadlines
 * cancel every call while the server is overloaded.
 */
const HTTP2_OPTIONS = {
  // Calls that the client cancels, at once and per second (Node: 1,000 and 33). A cancelled call costs no more than an
  // answered one, and fewer calls per second than this can be answered.
  streamResetBurst: 50_000,
  streamResetRate: 10_000,
  // Consecutive calls beyond the limit (Node: 100). Node counts cancelled calls for a while longer than
  // their client does, so a client that cancels many seems to exceed the limit.
  maxSessionRejectedStreams: 10_000,
} as const satisfies ServerOptions;

/** Decides which calls are served. */
export interface CallGuard {
  /** Runs when the headers have arrived, directly before the interceptor of the same call. */
  readonly gate: Gate;
  readonly interceptor: ServerInterceptor;
}

/**
 * A server that pings its clients.
 *
 * @param guard without one, every call is served
 * @param streamsPerConnection streams that one connection may have open
 */
export function createGrpcServer(guard?: CallGuard, streamsPerConnection = 0): Server {
  const server = new Server({
    interceptors: guard === undefined ? [] : [guard.interceptor],
    // The statistics of channelz cost time on each call.
    'grpc.enable_channelz': 0,
    'grpc.max_concurrent_streams': streamsPerConnection + UNARY_CALLS_PER_CONNECTION,
    // 'grpc-node.max_session_memory' stays unlimited: at a limit, Node resets calls and then closes the
    // connection without telling the client when to retry. `Admission` bounds memory instead.
    'grpc.keepalive_time_ms': KEEPALIVE_MS.every,
    'grpc.keepalive_timeout_ms': KEEPALIVE_MS.timeout,
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
  });
  setHttp2Options(server, HTTP2_OPTIONS);
  if (guard !== undefined) addGate(server, guard.gate);
  return server;
}

/** Passes on what grpc-js would print on stderr, for the whole process. */
export function redirectGrpcLog(log: (line: string) => void): void {
  const print = (...parts: unknown[]) => log(parts.map(String).join(' '));
  setLogger({ error: print, info: print, debug: print });
}
