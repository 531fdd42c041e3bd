import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../access/exposure.ts';

/**
 * Why a request may come from a web page, in words; `undefined` if it does not. A page in a browser on this machine can
 * call the machine's loopback addresses, too: directly, as the same-origin policy forbids only to read the answers, or
 * by a host name of the page's own that resolves to a loopback address.
 */
export function webPageFault({ headers, socket }: IncomingMessage): string | undefined {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) {
    return 'requests of web pages are refused: no header Origin or Sec-Fetch-Site is expected';
  }
  const { localAddress } = socket;
  // A browser does not reach a unix socket; on other addresses, certificates or tokens keep pages out.
  if (localAddress === undefined || !isLoopback(plainAddress(localAddress))) return undefined;
  if (isLoopback(hostName(headers.host ?? ''))) return undefined;
  return 'expected a loopback address or localhost in the header Host';
}

/** An address; one of IPv4 in IPv4's notation even if an IPv6 socket has accepted the connection. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** The host in the header `Host`, without the port and the brackets of IPv6. */
function hostName(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}
