import { createServer, type Server, type ServerResponse } from 'node:http';

/** What the pages say. */
export interface AdminSources {
  /** Why the sidecar takes no calls; `undefined`: it does. */
  notReady(): string | undefined;
  /** In Prometheus's text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Serves `/healthz`, `/readyz` and `/metrics`, for reading only. */
export function createAdminServer(sources: AdminSources): Server {
  return createServer((request, response) => {
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
        return answerMetrics(response, sources);
      default:
        return answer(response, 404, 'not found: try /healthz, /readyz or /metrics\n');
    }
  });
}

function answerReadiness(response: ServerResponse, reason: string | undefined): void {
  if (reason === undefined) answer(response, 200, 'ready\n');
  else answer(response, 503, `${reason}\n`);
}

function answerMetrics(response: ServerResponse, sources: AdminSources): void {
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
