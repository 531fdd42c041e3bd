import type { Server as HttpServer } from 'node:http';
import type { Logger } from 'pino';
import type { LearningServer } from '../rpc/server.ts';
import type { Endpoints } from './endpoints.ts';

/** What is drained. */
export interface DrainParts {
  readonly service: LearningServer;
  /** Its HTTP is asked by probes until the end. */
  readonly endpoints: Endpoints;
  readonly log: Logger;
}

/** What has been said needs a moment to leave, even where nothing is to be waited for. */
const LEAVE_MS = 250;

/**
 * Streams end with UNAVAILABLE, calls in flight finish, new ones are refused; then connections are
 * closed. What has not come to its end in `timeoutMs` is cut off.
 */
export async function drain(parts: DrainParts, timeoutMs: number): Promise<void> {
  const { service, endpoints, log } = parts;
  const deadline = Promise.withResolvers<true>();
  const timer = setTimeout(() => deadline.resolve(true), Math.max(timeoutMs, LEAVE_MS));
  const finished = async () => {
    await service.drain();
    // Only now: until here, callers were told to come back. A connection that ends without a word
    // looks like a fault to them.
    const ended = endpoints.closeListeners();
    // Tells clients to call here no more, and lets answers out. What it says of its own end is not
    // so: it does not wait for connections that it did not accept itself.
    service.server.tryShutdown(() => {});
    await ended;
    await closeHttp(endpoints.admin);
  };
  // Not waited for beyond it: a connection whose client reads nothing is never through.
  const isCutOff = await Promise.race([finished(), deadline.promise]);
  clearTimeout(timer);
  if (isCutOff !== true) return;
  log.warn(
    {
      after_ms: timeoutMs,
      calls: service.pendingCalls(),
      connections: endpoints.connections(),
    },
    'what has not finished in time is cut off: a client does not read or hang up, or a call does not end',
  );
  service.server.forceShutdown();
  endpoints.admin.close();
  endpoints.admin.closeAllConnections();
}

/** Requests under way are answered first. */
async function closeHttp(server: HttpServer): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}
