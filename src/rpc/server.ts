import { Server, setLogger } from '@grpc/grpc-js';

/** The largest request taken, in bytes; grpc-js refuses larger ones. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

/** A client that does not answer a ping within both together is dropped. */
const KEEPALIVE_MS = { every: 10_000, timeout: 5_000 } as const;

/** A server that finds out when a client has frozen or its network has gone. */
export function createGrpcServer(): Server {
  return new Server({
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
