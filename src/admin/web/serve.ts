import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isPipelined } from '../../net/pipelining.ts';
import { errorAnswer, HttpError } from './answers.ts';
import { readJson } from './body.ts';
import type { Gate } from './gate.ts';
import { createMatcher, type Match, type Route, type WebAnswer } from './route.ts';

type Socket = IncomingMessage['socket'];

export interface WebOptions {
  readonly routes: readonly Route[];
  readonly gate: Pick<Gate, 'check'>;
  /** Takes what a handler throws that is no `HttpError`: what the caller is told. */
  failure(error: unknown, path: string): HttpError;
}

const METHODS: readonly string[] = ['GET', 'POST', 'DELETE'];

/** Answers requests by the table of routes. */
export function createListener(options: WebOptions): RequestListener {
  const busy = new WeakSet<Socket>();
  const find = createMatcher(options.routes);
  return (request, response) => {
    if (isPipelined(busy, request, response)) return;
    // Not `new URL`, which throws for targets that a client may well send, such as `//`.
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const isApi = path.startsWith('/api/');
    void serve(options, find(path), { request, response, query, isApi });
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: string;
  readonly isApi: boolean;
}

async function serve(
  options: WebOptions,
  matches: readonly Match[],
  { request, response, query, isApi }: Exchange,
): Promise<void> {
  try {
    send(response, await answerOf(options, matches, request, query));
  } catch (error) {
    const known = error instanceof HttpError ? error : options.failure(error, request.url ?? '');
    send(response, errorAnswer(known, isApi));
  }
}

async function answerOf(
  { gate }: WebOptions,
  matches: readonly Match[],
  request: IncomingMessage,
  query: string,
): Promise<WebAnswer> {
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const match = matches.find(({ route }) => route.method === method);
  if (match === undefined) throw notServed(matches, method);
  const { route, params } = match;
  gate.check(request, route);
  const body = method === 'POST' ? await readJson(request) : undefined;
  return route.handle({ params, query: new URLSearchParams(query), body, request });
}

function notServed(matches: readonly Match[], method: string | undefined): HttpError {
  if (matches.length === 0) return new HttpError(404, 'NOT_FOUND', 'not found');
  const served = matches.map(({ route }) => route.method);
  const all = METHODS.filter((one) => served.some((other) => other === one));
  const allow = all.flatMap((one) => (one === 'GET' ? ['GET', 'HEAD'] : [one])).join(', ');
  return new HttpError(405, 'METHOD_NOT_ALLOWED', `only ${allow}, not ${method}`, {
    headers: { allow },
  });
}

function send(response: ServerResponse, answer: WebAnswer): void {
  if (response.destroyed) return;
  if ('stream' in answer) {
    answer.stream(response);
    return;
  }
  const { status, headers, body } = answer;
  for (const [name, value] of Object.entries(headers)) {
    response.setHeader(name, typeof value === 'string' ? value : [...value]);
  }
  response.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body);
}
