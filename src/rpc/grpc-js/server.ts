import type { ServerOptions } from 'node:http2';
import { Server, type ServerInterceptor, setLogger } from '@grpc/grpc-js';
import { MAX_REQUEST_BYTES } from './message-limits.ts';

/**
 * Clients are pinged, so that those that live are heard of: see `SilentConnections`. That one has not
 * answered tells little, since its answer waits behind all that it sends; so the timeout is long.
 */
const KEEPALIVE_MS = { every: 5_000, timeout: 120_000 } as const;

/**
 * Unary calls that one connection may have open beside its streams; more wait at their client. All
 * that have come may be read in one turn of the event loop, refused or not, at some 10 KB each: so it
 * is no more than keeps a connection busy.
 */
const UNARY_CALLS_PER_CONNECTION = 256;

/**
 * What one connection may do before Node closes it with all that goes on there. Node's own bounds are
 * for browsers: callers with deadlines cancel each call of an overloaded second.
 */
const SESSION_LIMITS = {
  // Calls that it cancels, at once and each second; Node: 1,000 and 33. One cancelled costs no more than
  // one answered, and this is more than are answered.
  streamResetBurst: 50_000,
  streamResetRate: 10_000,
  // Calls in a row beyond its limit; Node: 100. Node counts cancelled calls for a while after their client
  // has ceased to, so that one which cancels many and goes on seems to be beyond it.
  maxSessionRejectedStreams: 10_000,
} as const satisfies ServerOptions;

/**
 * A server that finds out when a client has frozen or its network has gone.
 *
 * @param interceptors the first one sees a call first
 * @param streamsPerConnection streams that one connection may have open
 */
export function createGrpcServer(
  interceptors: ServerInterceptor[] = [],
  streamsPerConnection = 0,
): Server {
  const server = new Server({
    interceptors,
    // Nobody asks for its statistics, and they cost time on each call.
    'grpc.enable_channelz': 0,
    'grpc.max_concurrent_streams': streamsPerConnection + UNARY_CALLS_PER_CONNECTION,
    // 'grpc-node.max_session_memory' stays without a bound: at it, Node resets calls and then closes the
    // connection, and clients learn nothing of when to come back. See `AdmittedCall` instead.
    'grpc.keepalive_time_ms': KEEPALIVE_MS.every,
    'grpc.keepalive_timeout_ms': KEEPALIVE_MS.timeout,
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
  });
  // grpc-js has no option for it, and makes its HTTP/2 servers with these.
  Object.assign(Reflect.get(server, 'commonServerOptions'), SESSION_LIMITS);
  return server;
}

/** Hands over what grpc-js would print on stderr. Holds for the whole process. */
export function redirectGrpcLog(log: (line: string) => void): void {
  const print = (...parts: unknown[]) => log(parts.map(String).join(' '));
  setLogger({ error: print, info: print, debug: print });
}
