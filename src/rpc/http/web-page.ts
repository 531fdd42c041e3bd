import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../access/exposure.ts';

/**
 * Why a request may come from a web page, in words; `undefined` if it does not. A page in a browser on this machine
 * reaches its loopback addresses, too: by their names, which the same-origin policy does not let it read but does
 * let it call, or by a name of its own that leads here.
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

/** An IPv4 address as one, also where a socket of IPv6 has taken the connection. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

/** The header without a port, and without the brackets of IPv6. */
function hostName(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}
