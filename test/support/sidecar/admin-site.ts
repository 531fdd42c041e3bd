import { once } from 'node:events';
import { type IncomingMessage, request as sendRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { Access } from '../../../src/access/access.ts';
import type { TokenPaths } from '../../../src/access/tokens.ts';
import { createApi } from '../../../src/admin/api/api.ts';
import { createFailure } from '../../../src/admin/api/errors.ts';
import { createAdminServer } from '../../../src/admin/http.ts';
import { Gate } from '../../../src/admin/web/gate.ts';
import { type PageFiles, pageRoutes } from '../../../src/admin/web/pages.ts';
import { createValidate } from '../../../src/rpc/validation/validate.ts';
import type { EngineFixture } from '../engine/engine-fixture.ts';
import { ManualClock } from '../engine/manual-clock.ts';

export interface SiteOptions {
  readonly tokens?: TokenPaths;
  /** The host of `--admin-listen`, as if it were; the site itself listens on 127.0.0.1. */
  readonly host?: string;
  readonly hosts?: readonly string[];
}

export interface SiteAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

const FILES: PageFiles = new Map([
  ['index.html', Buffer.from('<!doctype html><title>page</title>')],
  ['assets/main-1.js', Buffer.from('export {};')],
]);

/** The API and the page over an engine, until the test ends. */
export async function openSite(
  { engine, clock }: Pick<EngineFixture, 'engine' | 'clock'>,
  options: SiteOptions = {},
) {
  const log = pino({ enabled: false });
  const rereads: (() => void)[] = [];
  const access = new Access(
    { tls: undefined, tokens: options.tokens },
    {
      clock: new ManualClock(),
      watch(_, onChange) {
        rereads.push(onChange);
        return () => {};
      },
      log,
    },
  );
  const { host = '127.0.0.1', hosts = [] } = options;
  const gate = new Gate({ access, clock, listener: { host, isSecure: false }, hosts: () => hosts });
  const api = createApi({
    ...{ engine, clock, gate, validate: createValidate() },
    subscribers: () => [],
    configError: () => '',
    newestBackupMs: () => undefined,
  });
  const errors: unknown[] = [];
  const server = createAdminServer({
    routes: [...api.routes, ...pageRoutes(async () => FILES)],
    gate,
    failure: createFailure((error) => errors.push(error)),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    api.close();
    server.close();
    server.closeAllConnections();
  });
  // It listens on a host and a port.
  const { port } = server.address() as AddressInfo;
  const open = async (path: string, { method = 'GET', headers = {}, body }: AskOptions = {}) => {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const sent = sendRequest({ port, path, method, headers: { ...json, ...headers } });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return response;
  };
  const ask = async (path: string, asked: AskOptions = {}): Promise<SiteAnswer> => {
    const response = await open(path, asked);
    const { statusCode = 0, headers } = response;
    return { status: statusCode, headers, body: await text(response) };
  };
  const rereadTokens = () => {
    for (const reread of rereads) reread();
  };
  return { api, ask, open, errors, port, rereadTokens };
}

export type Site = Awaited<ReturnType<typeof openSite>>;
