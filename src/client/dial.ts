import { type ServiceError, status } from '@grpc/grpc-js';
import { LearningService } from '../gen/learning/v1/learning_service_pb.ts';
import { readStatusDetails } from '../wire/error-details.ts';
import { type LearningClient, openClient } from './channel.ts';
import { isServiceError } from './failure.ts';
import { openTarget, type TargetOptions } from './target.ts';

/** The deadline of unary calls. */
export const ANSWER_MS = 10_000;

/** Runs `work` with a client once the sidecar answers. If a call fails, rejects with a message for people. */
export async function withSidecar<R>(
  flags: TargetOptions,
  work: (client: LearningClient) => Promise<R>,
): Promise<R> {
  const client = openClient(LearningService, openTarget(flags, flagOf));
  try {
    await client.resolveParameters({}, { deadlineMs: ANSWER_MS });
    return await work(client);
  } catch (error) {
    if (!isServiceError(error)) throw error;
    throw new Error(explainFailure(error, flags.target), { cause: error });
  } finally {
    client.close();
  }
}

/** The flag that sets an option. */
function flagOf(option: string): string {
  return `--${option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Why a call to the sidecar at `target` failed, in one line. */
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

/** Why a connection failed, in a few words. */
export function causeOf(error: ServiceError): string {
  // grpc-js wraps the system's message in its own.
  const system = /\b(?:connect|read|write|getaddrinfo) E[A-Z]+\b[^,.]*(?:\.\d+)*(?::\d+)?/.exec(
    error.details,
  );
  return system?.[0].trim() ?? handshakeCauseOf(error.details) ?? error.details;
}

/** Why a TLS handshake failed; `undefined` if something else failed. */
function handshakeCauseOf(details: string): string | undefined {
  const names = /ERR_TLS_CERT_ALTNAME_INVALID\]: (?<why>.*?)(?:\. Resolution note|$)/s.exec(
    details,
  );
  if (names?.groups?.why !== undefined) {
    return `its certificate is for another name (--tls-server-name): ${names.groups.why}`;
  }
  if (/alert certificate required/.test(details)) {
    return 'it wants a certificate of the client (--tls-certificate, --tls-key)';
  }
  const distrust = /Last error: Error: (?<why>.*certificate.*?)\. Resolution note/.exec(details);
  if (distrust?.groups?.why !== undefined) {
    return `its certificate is not trusted (--tls-ca): ${distrust.groups.why}`;
  }
  if (/wrong version number/.test(details)) return 'it does not speak TLS';
  if (/Failed to connect \(/.test(details)) {
    return 'it closed the connection: it may want TLS (--tls-ca), and its log may say why';
  }
  return undefined;
}

function nameOf(error: ServiceError): string {
  return readStatusDetails(error).reason || status[error.code];
}
