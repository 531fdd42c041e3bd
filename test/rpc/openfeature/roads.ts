import { create, type DescMethod, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import { credentials, type ServiceError, status } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';
import type { Value } from '../../../src/domain/value.ts';
import { Service as FlagsV1 } from '../../../src/gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as FlagsV2 } from '../../../src/gen/flagd/evaluation/v2/evaluation_pb.ts';
import { createClient } from '../../../src/wire/client.ts';

/** What is asked for. */
export type Kind = 'Boolean' | 'String' | 'Float' | 'Int' | 'Object';

/** What is answered, the same however it was asked. */
export interface Answer {
  readonly value?: Value | bigint | undefined;
  readonly variant?: string | undefined;
  readonly reason: string;
  readonly metadata?: JsonObject | undefined;
}

/** One way to ask for a parameter. */
export interface Road {
  readonly name: string;
  /** Rejects with a `Refused`. */
  ask(address: string, kind: Kind, flagKey: string, context?: JsonObject): Promise<Answer>;
}

/** An evaluation that failed. */
export class Refused extends Error {
  readonly code: status;
  /** How clients are told not to repeat it; `undefined` if they need not be. */
  readonly pushback: string | undefined;

  constructor(code: status, message: string, pushback?: string) {
    super(message);
    this.code = code;
    this.pushback = pushback;
  }
}

const grpc = (name: string, service: typeof FlagsV1 | typeof FlagsV2): Road => ({
  name,
  async ask(address, kind, flagKey, context = {}) {
    const client = createClient(service, address, credentials.createInsecure());
    onTestFinished(() => client.close());
    return client[`resolve${kind}`]({ flagKey, context }).catch((error: ServiceError) => {
      const { code, details, metadata } = error;
      throw new Refused(code, details, metadata.get('grpc-retry-pushback-ms').join());
    });
  },
});

const connect = (
  name: string,
  service: typeof FlagsV2 | typeof FlagsV1,
  isJson: boolean,
): Road => ({
  name,
  async ask(address, kind, flagKey, context = {}) {
    const method: DescMethod = service.method[`resolve${kind}`];
    const request = create(method.input, { flagKey, context });
    const type = isJson ? 'application/json' : 'application/proto';
    const body = isJson
      ? JSON.stringify({ flagKey, context })
      : Buffer.from(toBinary(method.input, request));
    const response = await post(address, `/${service.typeName}/${method.name}`, body, type);
    if (response.status !== 200) {
      const { code, message } = JSON.parse(await response.text());
      const pushback = response.headers.get('grpc-retry-pushback-ms') ?? undefined;
      throw new Refused(CONNECT_CODES[code] ?? status.UNKNOWN, message, pushback);
    }
    if (response.headers.get('content-type') !== type) throw new Error('another type was answered');
    if (isJson) {
      const answer = JSON.parse(await response.text());
      // 64 bits are a text in JSON.
      return kind === 'Int' ? { ...answer, value: BigInt(answer.value) } : answer;
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    return fromBinary(method.output, bytes) as unknown as Answer;
  },
});

const CONNECT_CODES: Readonly<Record<string, status>> = {
  not_found: status.NOT_FOUND,
  invalid_argument: status.INVALID_ARGUMENT,
  unavailable: status.UNAVAILABLE,
  unauthenticated: status.UNAUTHENTICATED,
};

const OFREP_CODES: Readonly<Record<string, status>> = {
  '400 PARSE_ERROR': status.INVALID_ARGUMENT,
  '404 FLAG_NOT_FOUND': status.NOT_FOUND,
  '503 GENERAL': status.UNAVAILABLE,
  '401 GENERAL': status.UNAUTHENTICATED,
};

export const OFREP: Road = {
  name: 'OFREP',
  async ask(address, _, flagKey, context = {}) {
    const path = `/ofrep/v1/evaluate/flags/${encodeURIComponent(flagKey)}`;
    const response = await post(address, path, JSON.stringify({ context }));
    const answer = JSON.parse(await response.text());
    if (response.status === 200) return answer;
    const code = OFREP_CODES[`${response.status} ${answer.errorCode}`] ?? status.UNKNOWN;
    throw new Refused(code, answer.errorDetails);
  },
};

export const V1 = grpc('v1 over gRPC', FlagsV1);
const V2 = grpc('v2 over gRPC', FlagsV2);

/** Those that know which type is asked for. */
export const TYPED: readonly Road[] = [
  V1,
  V2,
  connect('v1 over Connect, binary', FlagsV1, false),
  connect('v2 over Connect, binary', FlagsV2, false),
  connect('v2 over Connect, JSON', FlagsV2, true),
];

export const ROADS: readonly Road[] = [...TYPED, OFREP];

/** A request over HTTP/1.1. */
export function post(
  address: string,
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  type = 'application/json',
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const init = { method: 'POST', body, headers: { 'content-type': type, ...headers } };
  return fetch(`http://${address}${path}`, init);
}
