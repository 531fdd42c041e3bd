import { Server, type ServerInterceptor, setLogger } from '@grpc/grpc-js';

/** The largest request taken, in bytes; grpc-js refuses larger ones. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/**
 * A client that does not answer a ping within both together is dropped. The timeout is the longer
 * one: an answer that has come is not seen before the event loop gets to it, and under overload one
 * turn of it takes seconds.
 */
const KEEPALIVE_MS = { every: 5_000, timeout: 10_000 } as const;

/**
 * Unary calls that one connection may have open beside its streams; more wait at their client. All
 * that have come may be read in one turn of the event loop, refused or not, at some 10 KB each: so it
 * is no more than keeps a connection busy.
 */
const UNARY_CALLS_PER_CONNECTION = 256;

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
  return new Server({
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
}

/** Hands over what grpc-js would print on stderr. Holds for the whole process. */
export function redirectGrpcLog(log: (line: string) => void): void {
  const print = (...parts: unknown[]) => log(parts.map(String).join(' '));
  setLogger({ error: print, info: print, debug: print });
}
