import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../../access/exposure.ts';

/** What the listener is called. */
export interface OwnNames {
  /** The host of `--admin-listen`. */
  readonly listenHost: string;
  /** `admin.hosts`. */
  readonly hosts: readonly string[];
}

/**
 * Why a request may have been made by another site's page, in words; `undefined` if it was not.
 *
 * The name in `Host` must be one that no other site can have: a page whose own name resolves to this address would
 * otherwise count as ours (DNS rebinding). `Origin`, which browsers send with every request that changes something or
 * asks across sites, must name the same host.
 *
 * @param isNavigation whether a link may lead here: to pages, which tell the page before nothing
 */
export function crossSiteFault(
  headers: IncomingHttpHeaders,
  own: OwnNames,
  isNavigation: boolean,
): string | undefined {
  const { host = '', origin } = headers;
  const name = hostName(host);
  if (!isOwnName(name, own)) {
    return `Host ${JSON.stringify(name)} is no name of this listener: add it to admin.hosts if it is`;
  }
  if (origin !== undefined && hostOf(origin) !== host.toLowerCase()) {
    return `a page of another origin asks: ${JSON.stringify(origin)}`;
  }
  const site = headers['sec-fetch-site'];
  if (isNavigation || site === undefined || site === 'same-origin' || site === 'none') {
    return undefined;
  }
  return `a page of another origin asks (Sec-Fetch-Site: ${site})`;
}

function isOwnName(name: string, { listenHost, hosts }: OwnNames): boolean {
  const isOwn = (own: string) => own.toLowerCase() === name;
  if (isLoopback(name) || isOwn(listenHost) || hosts.some(isOwn)) return true;
  return isIP(name) !== 0 && !isLoopback(listenHost);
}

/** The host in `Host`, in lower case, without the port and the brackets of IPv6. */
function hostName(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}

/** The host and port of an origin; `undefined` of `null` and the like. */
function hostOf(origin: string): string | undefined {
  return /^https?:\/\/(?<host>[^/]+)$/.exec(origin.toLowerCase())?.groups?.host;
}
