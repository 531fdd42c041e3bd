import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import { messageOf } from '../domain/errors.ts';
import { formatAddress, parseListenAddress, type SocketAddress } from '../net/address.ts';
import { printLine } from './output.ts';

// As in admin/http.ts: an import of it would load WebSocket and fetch, too, every ten seconds.
const { request: requestHttp } = process.getBuiltinModule('node:http');

/** What `healthcheck` is told: the same as the sidecar that it asks. */
export interface HealthcheckFlags {
  readonly adminListen: string;
  /** Only a config can have brought certificates. */
  readonly config: string | undefined;
  /** Whether it has to be ready for calls, too. */
  readonly ready: boolean | undefined;
  /** Seconds. */
  readonly timeout: number;
}

/** Says how the sidecar beside it is. Throws where it is not well, or does not answer. */
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
    // Whether the config has certificates is found out by trying: it may hold faults by now, and the
    // sidecar go on with the one before.
    if (security === 'tls' || !speaksNoTls(error)) throw error;
    await ask('http');
  }
}

/** Where what listens on an address is reached from the same machine. */
function reachable(listened: SocketAddress): string {
  if (listened.kind !== 'tcp') throw new Error('HTTP is served on host:port only');
  const { host, port } = listened;
  if (port === 0) throw new Error('--admin-listen has port 0: nobody knows which one it became');
  const loopback = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return formatAddress({ ...listened, host: loopback });
}

async function askAt(url: string, signal: AbortSignal): Promise<void> {
  const request = url.startsWith('https:')
    ? // It is the service beside us, which is told nothing: whose name it bears does not matter.
      requestHttps(url, { signal, agent: false, rejectUnauthorized: false })
    : requestHttp(url, { signal, agent: false });
  request.end();
  try {
    // A response is all that the event brings.
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = (await readText(response)).trim();
    if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${text}`);
    await printLine(text);
  } catch (error) {
    const why = signal.aborted ? 'no answer in time' : messageOf(error);
    throw new Error(`${url}: ${why}`, { cause: error });
  }
}

/** Whether what was asked for TLS has answered with something else. */
function speaksNoTls(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && /^(?:EPROTO|ERR_SSL_)/.test(`${cause.code}`);
}
