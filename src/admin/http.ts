import type { Server, ServerOptions } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions as HttpsOptions } from 'node:https';
import { Counts } from '../domain/counts.ts';
import { createListener, type WebOptions } from './web/serve.ts';

// An import of node:http reads all its exports, and so loads WebSocket and fetch: a tenth of the time to start.
const { createServer } = process.getBuiltinModule('node:http');

/** Maximum number of connections: probes, scrapers and browsers need few. */
const MAX_CONNECTIONS = 256;

/** Maximum number of connections from one address, so that no client alone can keep the probes out. */
const MAX_CONNECTIONS_PER_ADDRESS = 64;

/** Requests have small bodies and few headers. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5_000,
} as const satisfies ServerOptions;

/** A connection without traffic is closed after this time. Streams of events send more often. */
const IDLE_TIMEOUT_MS = 20_000;

/**
 * Serves probes, metrics, the API and the page. It does not listen yet.
 *
 * @param https certificates; without them, plain HTTP
 */
export function createAdminServer(options: WebOptions, https?: HttpsOptions): Server {
  const answerRequest = createListener(options);
  const server =
    https === undefined
      ? createServer(LIMITS, answerRequest)
      : createHttpsServer({ ...LIMITS, ...https }, answerRequest);
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = IDLE_TIMEOUT_MS;
  boundPerAddress(server);
  return server;
}

function boundPerAddress(server: Server): void {
  const open = new Counts<string>();
  server.on('connection', (socket) => {
    const { remoteAddress = '' } = socket;
    open.add(remoteAddress, 1);
    socket.once('close', () => open.add(remoteAddress, -1));
    if (open.of(remoteAddress) > MAX_CONNECTIONS_PER_ADDRESS) socket.destroy();
  });
}
