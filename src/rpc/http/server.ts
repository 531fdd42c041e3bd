import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { StatusObject } from '@grpc/grpc-js';
import type { Http1Side } from '../../net/listeners.ts';
import { isPipelined } from '../../net/pipelining.ts';
import type { Admission } from '../admission/admission.ts';
import { tooLarge } from '../admission/refusals.ts';
import { type HandlerEnvironment, startCall } from '../handlers.ts';
import { readBody, unpack } from './body.ts';
import { HttpCall, sendAnswer } from './call.ts';
import type { FindRoute, HttpRoute } from './route.ts';
import { webPageFault } from './web-page.ts';

// An import of node:http reads all its exports, and so loads WebSocket and fetch: a tenth of the time to start.
const { createServer } = process.getBuiltinModule('node:http');

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  // A request may take as long as one of gRPC.
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1000,
  // Longer than clients keep an idle connection: a request fails if the server is just closing its connection.
  keepAliveTimeout: 120_000,
} as const satisfies ServerOptions;

/** A connection with a call is closed after this time without a byte sent or read. Streams send more often. */
const STALLED_MS = 60_000;

/** Silence after which TCP asks whether the client is still there. */
const TCP_KEEPALIVE_MS = 30_000;

export interface HttpFrontOptions {
  readonly admission: Admission;
  readonly environment: HandlerEnvironment;
  /** The first that finds a route of a path decides. */
  readonly routes: readonly FindRoute[];
}

/** HTTP/1.1 on the ports of gRPC. */
export interface HttpFront extends Http1Side {
  /** Closes all connections at once. */
  closeAll(): void;
}

/** Serves routes: with the same admission, tokens and bounds as gRPC. */
export function createHttpFront(options: HttpFrontOptions): HttpFront {
  const busy = new WeakSet<IncomingMessage['socket']>();
  let isClosing = false;
  const server = createServer(LIMITS, (request, response) => {
    if (isPipelined(busy, request, response)) return;
    if (isClosing) response.setHeader('connection', 'close');
    // An answer that began before `close` has no header that ends the connection.
    response.once('finish', () => {
      if (isClosing) request.socket.destroySoon();
    });
    void serve(options, request, response);
  });
  server.timeout = STALLED_MS;
  trackConnections(server);
  return {
    accept(socket) {
      socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
      server.emit('connection', socket);
    },
    close() {
      isClosing = true;
      server.closeIdleConnections();
    },
    closeAll: () => server.closeAllConnections(),
  };
}

/** Makes Node track the server's connections and timeouts, as from `listening` on: this server never listens itself. */
function trackConnections(server: Server): void {
  server.emit('listening');
}

async function serve(
  options: HttpFrontOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Not `new URL`, which throws for targets that a client may well send, such as `//`.
  const [path = ''] = (request.url ?? '').split('?', 1);
  const route = findRoute(options.routes, path);
  if (route === undefined) return refuse(response, 404, 'not found');
  const fault = webPageFault(request);
  if (fault !== undefined) return refuse(response, 403, fault);
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    return refuse(response, 405, 'expected POST');
  }
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  const contentType = type.trim().toLowerCase();
  if (!route.contentTypes.includes(contentType)) {
    return refuse(response, 415, `expected content-type ${route.contentTypes.join(' or ')}`);
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    return refuse(response, 415, 'expected content-encoding gzip or identity');
  }
  await serveRoute(options, route, { path, contentType, request, response });
}

function findRoute(routes: readonly FindRoute[], path: string): HttpRoute | undefined {
  for (const find of routes) {
    const route = find(path);
    if (route !== undefined) return route;
  }
  return undefined;
}

/** Refuses a request before its body is read. The connection ends, so that the body need not be read. */
async function refuse(response: ServerResponse, status: number, text: string): Promise<void> {
  const headers = { 'content-type': 'text/plain; charset=utf-8', connection: 'close' };
  await sendAnswer(response, { status, headers, body: `${text}\n` });
}

interface Exchange {
  readonly path: string;
  readonly contentType: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function serveRoute(
  { admission, environment }: HttpFrontOptions,
  route: HttpRoute,
  { path, contentType, request, response }: Exchange,
): Promise<void> {
  const { rule } = route;
  const connection = admission.connections.of(request.socket);
  const failure = (status: StatusObject) => route.failure(status, { path, contentType });
  const { authorization } = request.headers;
  const arrival = { rule, connection, authorization };
  const refusal = admission.refusalOf(arrival);
  if (refusal !== undefined) {
    response.setHeader('connection', 'close');
    return sendAnswer(response, failure(refusal));
  }
  // Handlers have no use for the token, and cannot leak it without having it.
  delete request.headers.authorization;
  const call = new HttpCall(arrival, response, admission, failure);
  const ended = new AbortController();
  response.once('close', () => ended.abort());
  const state = {
    get cancelled() {
      return response.destroyed && !response.writableFinished;
    },
  };
  const end = startCall(environment, rule.path, state, rule.responseStream);
  try {
    const body = await receive(call, request, rule.maxBytes);
    if (body === undefined) {
      // A call that was refused meanwhile, as at a drain, has been observed already.
      if (!response.headersSent) end();
      return;
    }
    if (!Buffer.isBuffer(body)) return call.sendStatus(body);
    call.requestEnded();
    const { headers } = request;
    const { peer } = connection;
    const asked = { path, headers, contentType, body, peer, ended: ended.signal };
    const answer = await route.handle(asked);
    await call.send(answer);
    end(answer.failure?.());
  } catch (error) {
    await call.send(failure(end(error)));
  }
}

/** The body, unpacked; why it is refused; or `undefined` if the client has gone. */
async function receive(
  call: HttpCall,
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | StatusObject | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return tooLarge(maxBytes);
  const body = await readBody(request, (bytes) => call.count(bytes));
  if (!Buffer.isBuffer(body) || request.headers['content-encoding'] !== 'gzip') return body;
  const unpacked = await unpack(body, maxBytes);
  if (unpacked === undefined) return tooLarge(maxBytes);
  return call.countUnpacked(unpacked.length) ?? unpacked;
}
