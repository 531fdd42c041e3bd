import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { LearningError } from '../domain/errors.ts';
import type { Access } from './access.ts';

/** Why a request over HTTP is not answered. */
export interface HttpDenial {
  /** 401: with a token it might be. */
  readonly code: 401 | 403;
  readonly reason: string;
}

/** Whether a request may read what is not for everybody; `undefined`: it may. */
export function denyHttp(access: Access, request: IncomingMessage): HttpDenial | undefined {
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
