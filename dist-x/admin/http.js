import { createServer } from 'node:http';
/** Serves `/healthz`, `/readyz` and `/metrics`, for reading only. */
export function createAdminServer(sources) {
    return createServer((request, response) => {
        const { pathname } = new URL(request.url ?? '/', 'http://sidecar');
        if (request.method !== 'GET' && request.method !== 'HEAD') {
            response.setHeader('Allow', 'GET, HEAD');
            return answer(response, 405, 'only GET and HEAD\n');
        }
        switch (pathname) {
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
function answerReadiness(response, reason) {
    if (reason === undefined)
        answer(response, 200, 'ready\n');
    else
        answer(response, 503, `${reason}\n`);
}
function answerMetrics(response, sources) {
    sources.metrics().then(({ contentType, text }) => answer(response, 200, text, contentType), (error) => answer(response, 500, `${error}\n`));
}
function answer(response, code, text, contentType = 'text/plain; charset=utf-8') {
    response.writeHead(code, { 'Content-Type': contentType }).end(text);
}
//# sourceMappingURL=http.js.map