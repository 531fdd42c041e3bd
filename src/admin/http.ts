import type {
  IncomingMessage,
  RequestListener,
  Server,
  ServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, type ServerOptions as HttpsOptions } from 'node:https';
import { Counts } from '../domain/counts.ts';
import { isPipelined } from '../net/pipelining.ts';

// An import of node:http reads all its exports, and so loads WebSocket and fetch: a tenth of the time to start.
const { createServer } = process.getBuiltinModule('node:http');

type Socket = IncomingMessage['socket'];

/** What the pages show. */
export interface AdminSources {
  /** Why the sidecar takes no calls; `undefined` if it takes them. */
  notReady(): string | undefined;
  /** The metrics, in the text format of Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Why a request may not read the metrics; `undefined` if it may. */
  deny(request: IncomingMessage): Denial | undefined;
}

/** Why a request is refused; `code` is 401 where a token could help. */
export interface Denial {
  readonly code: 401 | 403;
  readonly reason: string;
}

/** Maximum number of connections: probes and scrapers need few. */
const MAX_CONNECTIONS = 256;

/** Maximum number of connections from one address, so that no client alone can keep the probes out. */
const MAX_CONNECTIONS_PER_ADDRESS = 64;

/** Requests have no body and few headers. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5_000,
} as const satisfies ServerOptions;

/** A connection without traffic is closed after this time. */
const IDLE_TIMEOUT_MS = 20_000;

/**
 * Serves `/healthz` and `/readyz` to everybody, and `/metrics` to those whom `sources.deny` lets pass; all read-only.
 *
 * @param https certificates; without them, plain HTTP
 */
export function createAdminServer(sources: AdminSources, https?: HttpsOptions): Server {
  const answerRequest = createListener(sources);
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

/** Makes one call of `ask` serve all callers that wait at the same time. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

function createListener(given: AdminSources): RequestListener {
  const busy = new WeakSet<Socket>();
  const sources = { ...given, metrics: shared(() => given.metrics()) };
  return (request, response) => {
    if (isPipelined(busy, request, response)) return;
    // Not `new URL`, which throws for targets that a client may well send, such as `//`.
    const [path] = (request.url ?? '').split('?', 1);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return answer(response, 405, 'only GET and HEAD\n');
    }
    switch (path) {
      case '/healthz':
        return answer(response, 200, 'ok\n');
      case '/readyz': {
        const reason = sources.notReady();
        return answer(response, reason === undefined ? 200 : 503, `${reason ?? 'ready'}\n`);
      }
      case '/metrics':
        return answerMetrics(request, response, sources);
      default:
        return answer(response, 404, 'not found: try /healthz, /readyz or /metrics\n');
    }
  };
}

function answerMetrics(
  request: IncomingMessage,
  response: ServerResponse,
  sources: AdminSources,
): void {
  const denial = sources.deny(request);
  if (denial !== undefined) {
    if (denial.code === 401) response.setHeader('WWW-Authenticate', 'Bearer');
    answer(response, denial.code, `${denial.reason}\n`);
    return;
  }
  sources.metrics().then(
    ({ contentType, text }) => answer(response, 200, text, contentType),
    (error) => answer(response, 500, `${error}\n`),
  );
}

function answer(
  response: ServerResponse,
  code: number,
  text: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(code, { 'Content-Type': contentType }).end(text);
}
