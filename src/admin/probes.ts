import { text } from './web/answers.ts';
import type { Route } from './web/route.ts';

/** What probes and scrapers are told. */
export interface ProbeSources {
  /** Why the sidecar takes no calls; `undefined` if it takes them. */
  notReady(): string | undefined;
  /** The metrics, in the text format of Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** `/healthz` and `/readyz`, for everybody, and `/metrics`, for those who may read. */
export function probeRoutes({ notReady, metrics }: ProbeSources): Route[] {
  const page = shared(metrics);
  return [
    { method: 'GET', path: '/healthz', who: 'anyone', handle: () => text(200, 'ok') },
    {
      method: 'GET',
      path: '/readyz',
      who: 'anyone',
      handle() {
        const reason = notReady();
        return text(reason === undefined ? 200 : 503, reason ?? 'ready');
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      who: 'scraper',
      async handle() {
        const { contentType, text: body } = await page();
        return { status: 200, headers: { 'content-type': contentType }, body };
      },
    },
  ];
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
