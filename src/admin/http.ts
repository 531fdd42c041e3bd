import type {
  IncomingMessage,
  RequestListener,
  Server,
  ServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, type ServerOptions as HttpsOptions } from 'node:https';

// An import of it would read all that it exports, and so load the WebSocket and fetch in there too: a
// tenth of the start.
const { createServer } = process.getBuiltinModule('node:http');

type Socket = IncomingMessage['socket'];

/** What the pages say. */
export interface AdminSources {
  /** Why the sidecar takes no calls; `undefined`: it does. */
  notReady(): string | undefined;
  /** In Prometheus's text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** Why a request may not read what is not for everybody; `undefined`: it may. */
  deny(request: IncomingMessage): Denial | undefined;
}

/** Why a request is not answered; 401: with a token it might be. */
export interface Denial {
  readonly code: 401 | 403;
  readonly reason: string;
}

/** Probes and scrapers are few; whoever opens more means harm, or has lost count. */
const MAX_CONNECTIONS = 256;

/** Of one address: nobody alone can keep the probes out. */
const MAX_CONNECTIONS_PER_ADDRESS = 64;

/** Requests have no body and hardly a header: a client that takes longer wants to hold us up. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5_000,
} as const satisfies ServerOptions;

/** A client that neither sends nor reads for so long is cut off. */
const IDLE_TIMEOUT_MS = 20_000;

/**
 * Serves `/healthz`, `/readyz` and `/metrics`, for reading only; the first two to everybody.
 *
 * @param https Certificates; without them, it is plain HTTP.
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
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const { remoteAddress = '' } = socket;
    const count = (open.get(remoteAddress) ?? 0) + 1;
    open.set(remoteAddress, count);
    socket.once('close', () => {
      const left = (open.get(remoteAddress) ?? 0) - 1;
      if (left > 0) open.set(remoteAddress, left);
      else open.delete(remoteAddress);
    });
    if (count > MAX_CONNECTIONS_PER_ADDRESS) socket.destroy();
  });
}

/**
 * Tells the first request on a connection from those that were sent before it was answered. No prober
 * does that, and their answers would pile up for as long as nobody reads them.
 */
function isPipelined(busy: WeakSet<Socket>, { socket }: IncomingMessage, response: ServerResponse) {
  if (busy.has(socket) || socket.destroyed) {
    socket.destroy();
    stopParsing(socket);
    return true;
  }
  busy.add(socket);
  response.once('finish', () => busy.delete(socket));
  return false;
}

/**
 * What has been read may hold a thousand requests more, and each costs as much as a served one. Node
 * tells its parser nothing of the end of a socket; 2 says to it that no HTTP follows.
 */
function stopParsing(socket: Socket): void {
  // Node's types do not know it.
  const { parser } = socket as { parser?: { onIncoming?: unknown } | null };
  if (parser) parser.onIncoming = () => 2;
}

/** Asks once for all who wait at the time. */
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
      case '/readyz':
        return answerReadiness(response, sources.notReady());
      case '/metrics':
        return answerMetrics(request, response, sources);
      default:
        return answer(response, 404, 'not found: try /healthz, /readyz or /metrics\n');
    }
  };
}

function answerReadiness(response: ServerResponse, reason: string | undefined): void {
  if (reason === undefined) answer(response, 200, 'ready\n');
  else answer(response, 503, `${reason}\n`);
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
