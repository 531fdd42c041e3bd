import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Access } from './access.ts';

/** Why the certificate of a request's connection is refused, in words; `undefined` if it is not. */
export function certificateFault(access: Access, { socket }: IncomingMessage): string | undefined {
  if (access.tls === undefined || !(socket instanceof TLSSocket)) return undefined;
  return access.tls.refusalOf(socket)?.reason;
}
