import type { Logger } from 'pino';
import { type Api, createApi } from '../admin/api/api.ts';
import { createFailure } from '../admin/api/errors.ts';
import { type ProbeSources, probeRoutes } from '../admin/probes.ts';
import { Gate } from '../admin/web/gate.ts';
import { pageRoutes } from '../admin/web/pages.ts';
import type { WebOptions } from '../admin/web/serve.ts';
import type { Engine } from '../engine/engine.ts';
import type { LearningServer } from '../rpc/server.ts';
import type { ListenPlan } from './listen-plan.ts';
import { systemClock } from './system-clock.ts';

export interface AdminOptions {
  readonly engine: Engine;
  readonly service: Pick<LearningServer, 'subscribers' | 'validate'>;
  readonly listenPlan: ListenPlan;
  readonly probes: ProbeSources;
  configError(): string;
  /** `admin.hosts`. */
  hosts(): readonly string[];
  newestBackupMs(): number | undefined;
  readonly log: Logger;
}

/** What is served over HTTP to probes, scrapers, operators and their browsers. */
export function createAdmin(options: AdminOptions): {
  readonly web: WebOptions;
  readonly api: Api;
} {
  const { engine, service, listenPlan, log } = options;
  const { access, adminListen } = listenPlan;
  const { target, isSecure } = adminListen;
  const gate = new Gate({
    access,
    clock: systemClock,
    listener: { host: target.kind === 'tcp' ? target.host : '', isSecure },
    hosts: options.hosts,
  });
  const api = createApi({
    ...{ engine, gate, clock: systemClock, validate: service.validate },
    subscribers: () => service.subscribers(),
    configError: options.configError,
    newestBackupMs: options.newestBackupMs,
  });
  const routes = [...probeRoutes(options.probes), ...api.routes, ...pageRoutes()];
  const failure = createFailure((error, path) =>
    log.error({ err: error, path }, 'a request failed for a reason of ours'),
  );
  return { api, web: { routes, gate, failure } };
}
