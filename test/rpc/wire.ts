import type { DescMessage, DescMethod, DescService, MessageShape } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type Server,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { expect, onTestFinished } from 'vitest';
import { parseListenAddress } from '../../src/net/address.ts';
import { Listeners } from '../../src/net/listeners.ts';
import { createGrpcServer } from '../../src/rpc/grpc-js/server.ts';
import type { HandlerEnvironment } from '../../src/rpc/handlers.ts';
import { createClient, type ServiceClient } from '../../src/wire/client.ts';
import { readStatusDetails } from '../../src/wire/error-details.ts';

/** Listens on a free port until the test ends; answers the address. */
export async function serve(register: (server: Server) => void): Promise<string> {
  const server = createGrpcServer();
  register(server);
  const listeners = new Listeners(server);
  onTestFinished(() => {
    void listeners.close();
    server.forceShutdown();
  });
  return listeners.open(parseListenAddress('127.0.0.1:0'));
}

/** A client until the test ends. */
export function connect<S extends DescService>(service: S, address: string): ServiceClient<S> {
  const client = createClient(service, address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

/** Makes a unary call with any bytes for its request. */
export function callRaw<M extends DescMethod>(
  address: string,
  method: M,
  bytes: Uint8Array,
): Promise<MessageShape<M['output']>> {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const output: M['output'] & DescMessage = method.output;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<Uint8Array, MessageShape<M['output']>>(
      `/${method.parent.typeName}/${method.name}`,
      (request) => Buffer.from(request),
      (response) => fromBinary(output, response),
      bytes,
      (error, response) => {
        if (error !== null) reject(error);
        else if (response !== undefined) resolve(response);
      },
    );
  });
}

/** All that a stream sends. */
export async function collect<T>(
  stream: ClientReadableStream<T> | ClientDuplexStream<never, T>,
): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}

/** The defaults. */
export const STREAM_LIMITS = { maxStreams: 4096, maxStreamsPerClient: 1024 };

/** The error that a call ends with. */
export async function failureOf(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('the call did not fail');
}

export interface Recorder extends HandlerEnvironment {
  readonly observed: { method: string; code: string; seconds: number }[];
  readonly errors: unknown[];
}

/** Keeps what handlers report. Each look at its clock takes 250 ms. */
export function createRecorder(): Recorder {
  const observed: Recorder['observed'] = [];
  const errors: unknown[] = [];
  let nowMs = 0;
  return {
    observed,
    errors,
    refused: () => {},
    observe: (method, code, seconds) => observed.push({ method, code: status[code], seconds }),
    logError: (error) => errors.push(error),
    monotonic: () => (nowMs += 250),
  };
}

/** A refusal says when to try again: in its details, and to clients that retry by themselves. */
export function expectRetryLater(error: Pick<ServiceError, 'metadata'>): void {
  const { retryDelayMs = Number.NaN } = readStatusDetails(error);
  expect(retryDelayMs).toBeGreaterThanOrEqual(500);
  expect(retryDelayMs).toBeLessThanOrEqual(1500);
  expect(error.metadata.get('grpc-retry-pushback-ms')).toEqual([String(retryDelayMs)]);
}
