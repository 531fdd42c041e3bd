import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import { messageOf } from '../domain/errors.ts';
import { formatAddress, parseListenAddress, type SocketAddress } from '../net/address.ts';
import { printLine } from './output.ts';

// An import would also load WebSocket and fetch, which costs time at each check; see admin/http.ts.
const { request: requestHttp } = process.getBuiltinModule('node:http');

/** Flags of `healthcheck`; `adminListen` and `config` are those of the sidecar. */
export interface HealthcheckFlags {
  readonly adminListen: string;
  /** The config file. Only a config can name certificates: without one, the sidecar serves plain HTTP. */
  readonly config: string | undefined;
  /** Whether to ask for readiness instead of liveness. */
  readonly ready: boolean | undefined;
  /** Seconds. */
  readonly timeout: number;
}

/** Prints the health of the local sidecar. Throws if it is unhealthy or does not answer. */
export async function healthcheck(flags: HealthcheckFlags): Promise<void> {
  const { security, ...listened } = parseListenAddress(flags.adminListen);
  const address = reachable(listened);
  const path = flags.ready ? '/readyz' : '/healthz';
  const signal = AbortSignal.timeout(flags.timeout * 1000);
  const ask = (scheme: 'http' | 'https') => askAt(`${scheme}://${address}${path}`, signal);
  if (security === 'plain' || (security === undefined && flags.config === undefined)) {
    return await ask('http');
  }
  try {
    await ask('https');
  } catch (error) {
    // The config is not read to find out: it may be invalid by now, while the sidecar uses the previous one.
    if (security === 'tls' || !speaksNoTls(error)) throw error;
    await ask('http');
  }
}

/** The address at which clients on the same machine reach a server that listens on `listened`. */
function reachable(listened: SocketAddress): string {
  if (listened.kind !== 'tcp') throw new Error('HTTP is served on host:port only');
  const { host, port } = listened;
  if (port === 0) throw new Error('--admin-listen has port 0: nobody knows which one it became');
  const loopback = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return formatAddress({ ...listened, host: loopback });
}

async function askAt(url: string, signal: AbortSignal): Promise<void> {
  const request = url.startsWith('https:')
    ? // The service is local and receives nothing secret, so its certificate is not checked.
      requestHttps(url, { signal, agent: false, rejectUnauthorized: false })
    : requestHttp(url, { signal, agent: false });
  request.end();
  try {
    // The event has one argument, the response.
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = (await readText(response)).trim();
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${text}`);
    await printLine(text);
  } catch (error) {
    const why = signal.aborted ? 'no answer in time' : messageOf(error);
    throw new Error(`${url}: ${why}`, { cause: error });
  }
}

/** Whether a TLS handshake failed because the server does not speak TLS. */
function speaksNoTls(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && /^(?:EPROTO|ERR_SSL_)/.test(`${cause.code}`);
}
