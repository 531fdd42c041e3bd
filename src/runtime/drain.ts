import type { Server as HttpServer } from 'node:http';
import type { Logger } from 'pino';
import type { LearningServer } from '../rpc/server.ts';
import type { Endpoints } from './endpoints.ts';

/** The parts that are drained. */
export interface DrainParts {
  readonly service: LearningServer;
  /** The endpoints, whose HTTP server answers probes until the end. */
  readonly endpoints: Endpoints;
  readonly log: Logger;
}

/** Minimum time that a drain may take, for answers to reach the network. */
const LEAVE_MS = 250;

/**
 * Streams end with UNAVAILABLE, calls in flight finish, new ones are refused; then connections are
 * closed. What has not ended after `timeoutMs` is cut off.
 */
export async function drain(parts: DrainParts, timeoutMs: number): Promise<void> {
  const { service, endpoints, log } = parts;
  const deadline = Promise.withResolvers<true>();
  const timer = setTimeout(() => deadline.resolve(true), Math.max(timeoutMs, LEAVE_MS));
  const finished = async () => {
    await service.drain();
    // Connections are closed only now: until here, calls were refused with UNAVAILABLE, which clients retry. To them,
    // a closed connection looks like a fault.
    const ended = endpoints.closeListeners();
    // `tryShutdown` sends GOAWAY, and lets answers finish. Its callback is of no use, as it does not wait for injected
    // connections.
    service.server.tryShutdown(() => {});
    await ended;
    await closeHttp(endpoints.admin);
  };
  // There is a deadline, since the connection of a client that does not read never ends.
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
  service.http.closeAll();
  endpoints.admin.close();
  endpoints.admin.closeAllConnections();
}

/** Closes a server after it has answered the requests under way. */
async function closeHttp(server: HttpServer): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}
