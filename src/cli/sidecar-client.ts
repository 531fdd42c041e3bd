import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { LearningService } from '../gen/learning/v1/learning_service_pb.ts';
import { createClient, type ServiceClient } from '../rpc/client.ts';
import { readStatusDetails } from '../rpc/status-details.ts';

export type LearningClient = ServiceClient<typeof LearningService>;

/** A sidecar that does not answer a unary call within this long is not there. */
export const ANSWER_MS = 10_000;

/**
 * Works with the sidecar at `target`, which must answer first. Rejects for people where a call
 * fails.
 */
export async function withSidecar<R>(
  target: string,
  work: (client: LearningClient) => Promise<R>,
): Promise<R> {
  const client = connectTo(target);
  try {
    await client.resolveParameters({}, { deadlineMs: ANSWER_MS });
    return await work(client);
  } catch (error) {
    if (!isServiceError(error)) throw error;
    throw new Error(explainFailure(error, target), { cause: error });
  } finally {
    client.close();
  }
}

function connectTo(target: string): LearningClient {
  return createClient(LearningService, target, credentials.createInsecure(), {
    // Back soon after an outage: the default goes up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // Finds out that a host has gone. Servers may refuse more frequent pings.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    // A sidecar is near by, never behind a proxy.
    'grpc.enable_http_proxy': 0,
  });
}

/** Whether a call failed in a way that gRPC knows. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}

/** Why a call to the sidecar at `target` failed, in one line for people. */
function explainFailure(error: ServiceError, target: string): string {
  switch (error.code) {
    case status.UNAVAILABLE:
      return `cannot reach a sidecar at ${target}: ${causeOf(error)}`;
    case status.DEADLINE_EXCEEDED:
      return `the sidecar at ${target} does not answer`;
    case status.UNIMPLEMENTED:
      return `what serves at ${target} is not a learning-sidecar`;
    default:
      return `the sidecar at ${target} refused: ${nameOf(error)}: ${error.details}`;
  }
}

/** What became of a connection, in a few words. */
export function causeOf(error: ServiceError): string {
  // grpc-js wraps what the system said in what it tried.
  const system = /\b(?:connect|read|write|getaddrinfo) E[A-Z]+\b[^,.]*(?:\.\d+)*(?::\d+)?/.exec(
    error.details,
  );
  return system?.[0].trim() ?? error.details;
}

/** How long the sidecar asked to be left alone; 0: it did not. */
export function retryDelayMs(error: ServiceError): number {
  return readStatusDetails(error).retryDelayMs ?? 0;
}

function nameOf(error: ServiceError): string {
  return readStatusDetails(error).reason || status[error.code];
}
