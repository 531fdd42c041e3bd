import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Access } from '../access/access.ts';
import { createAdminServer } from '../admin/http.ts';
import type { WebOptions } from '../admin/web/serve.ts';
import { messageOf } from '../domain/errors.ts';
import { formatAddress } from '../net/address.ts';
import { ConnectionCap } from '../net/connection-cap.ts';
import { type AcceptSecure, Listeners } from '../net/listeners.ts';
import type { Authority } from '../rpc/admission/admission.ts';
import type { HandlerEnvironment } from '../rpc/handlers.ts';
import type { LearningServer } from '../rpc/server.ts';
import type { Entry, ListenPlan } from './listen-plan.ts';

export interface EndpointsOptions {
  readonly listenPlan: ListenPlan;
  readonly service: Pick<LearningServer, 'server' | 'http'>;
  /** What the admin server serves. */
  readonly web: WebOptions;
  /** Maximum number of connections of the service; those of the admin pages have a bound of their own. */
  readonly maxConnections: () => number;
}

/** Where the service listens. */
export interface Endpoints {
  readonly admin: HttpServer;
  /** Listens; returns the addresses with the ports that the system chose. */
  open(): Promise<{ readonly addresses: readonly string[]; readonly adminUrl: string }>;
  /** Number of open connections of the service, those of HTTP/1.1 included. */
  connections(): number;
  /** The service takes no more connections; resolves when those that are open have ended. */
  closeListeners(): Promise<void>;
}

/** Creates the listeners of the service, and the admin server. Nothing listens before `open`. */
export function createEndpoints({
  listenPlan,
  service: { server, http },
  web,
  maxConnections,
}: EndpointsOptions): Endpoints {
  const { access, socketMode } = listenPlan;
  const { tls } = access;
  const cap = new ConnectionCap(maxConnections, (peer) => {
    const reason = 'too many connections are open: limits.max_connections';
    access.refuseConnection(peer, { kind: 'too_many', reason });
  });
  const secure = tls && ((accept: AcceptSecure) => tls.secure(accept));
  const onError = (error: Error) => access.logListenerError(error);
  const listeners = new Listeners(server, { socketMode, secure, http1: http, cap, onError });
  const { isSecure } = listenPlan.adminListen;
  const admin = createAdminServer(web, isSecure ? tls?.httpsOptions() : undefined);
  if (admin instanceof TlsServer) tls?.follow(admin);
  return {
    admin,
    async open() {
      const addresses: string[] = [];
      for (const entry of listenPlan.listen) {
        addresses.push(await listeners.open(entry.target, entry.isSecure));
      }
      const adminUrl = await listenHttp(admin, listenPlan.adminListen);
      admin.on('error', onError);
      return { addresses, adminUrl };
    },
    connections: () => cap.open,
    closeListeners: () => listeners.close(),
  };
}

/** The authority that decides by tokens; `undefined` if no tokens are configured. */
export function authorityOf(
  access: Access,
  environment: HandlerEnvironment,
): Authority | undefined {
  if (!access.hasTokens) return undefined;
  return {
    check: (header, need) => access.check(header, need),
    refused(method, code, peer, error) {
      environment.observe(method, code, 0);
      environment.refused(error.reason);
      access.logRefusedCall({ method, peer }, error.message);
    },
  };
}

async function listenHttp(server: HttpServer, { target, isSecure }: Entry): Promise<string> {
  if (target.kind !== 'tcp') throw new Error('HTTP is served on host:port only');
  server.listen(target.port, target.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const text = `cannot listen on "${formatAddress(target)}" (--admin-listen): ${messageOf(error)}`;
    throw new Error(text, { cause: error });
  }
  // An `AddressInfo`: the server listens on a host and a port, not on a pipe.
  const { port } = server.address() as AddressInfo;
  return `${isSecure ? 'https' : 'http'}://${formatAddress({ ...target, port })}`;
}
