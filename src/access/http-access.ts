import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { LearningError } from '../domain/errors.ts';
import type { Access } from './access.ts';

/** Why a request may not read the metrics; `undefined` if it may. `code` is 401 where a token could help. */
export function denyHttp(
  access: Access,
  request: IncomingMessage,
): { readonly code: 401 | 403; readonly reason: string } | undefined {
  const { socket, headers } = request;
  if (access.tls !== undefined && socket instanceof TLSSocket) {
    const refusal = access.tls.refusalOf(socket);
    if (refusal !== undefined) return { code: 403, reason: refusal.reason };
  }
  try {
    access.check(headers.authorization, 'any');
    return undefined;
  } catch (error) {
    if (!(error instanceof LearningError)) throw error;
    return { code: 401, reason: error.message };
  }
}
