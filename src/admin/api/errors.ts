import { status } from '@grpc/grpc-js';
import { LearningError } from '../../domain/errors.ts';
import { CODE_OF_REASON } from '../../wire/status.ts';
import { HttpError } from '../web/answers.ts';

/** The statuses of HTTP for those of gRPC, of which each reason has one. */
const HTTP_STATUS: Readonly<Partial<Record<status, number>>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.OUT_OF_RANGE]: 400,
  [status.NOT_FOUND]: 404,
  [status.FAILED_PRECONDITION]: 409,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.UNAVAILABLE]: 503,
};

/** The answer to a request that failed: as refused; any other error is logged, and not told. */
export function createFailure(logError: (error: unknown, path: string) => void) {
  return (error: unknown, path: string): HttpError => {
    if (error instanceof LearningError) {
      const { reason, message, violations: fields } = error;
      return new HttpError(HTTP_STATUS[CODE_OF_REASON[reason]] ?? 500, reason, message, { fields });
    }
    logError(error, path);
    return new HttpError(500, 'INTERNAL', 'internal error; the log of the sidecar has its cause');
  };
}
