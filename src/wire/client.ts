import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import type {
  ChannelCredentials,
  ClientDuplexStream,
  ClientOptions,
  ClientReadableStream,
} from '@grpc/grpc-js';
import { Client, Metadata } from '@grpc/grpc-js';
import { encode, methodPath } from './encode.ts';

/** Options of one call. */
export interface CallOptions {
  /** Milliseconds from now. By default a call has no deadline. */
  readonly deadlineMs?: number;
  readonly metadata?: Metadata;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** A method as a client calls it. A unary one rejects with grpc-js's `ServiceError`; a stream emits that as `error`. */
export type ClientMethod<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? (
      request: MessageInitShape<M['input']>,
      options?: CallOptions,
    ) => Promise<MessageShape<M['output']>>
  : M['methodKind'] extends 'server_streaming'
    ? (
        request: MessageInitShape<M['input']>,
        options?: CallOptions,
      ) => ClientReadableStream<MessageShape<M['output']>>
    : M['methodKind'] extends 'bidi_streaming'
      ? (
          options?: CallOptions,
        ) => ClientDuplexStream<MessageInitShape<M['input']>, MessageShape<M['output']>>
      : never;

/** The methods of a service, and `close`, which ends the connection. */
export type ServiceClient<S extends DescService> = {
  readonly [K in keyof S['method']]: ClientMethod<S['method'][K]>;
} & { close(): void };

/** A client of one service. It connects at the first call. */
export function createClient<S extends DescService>(
  service: S,
  address: string,
  credentials: ChannelCredentials,
  options?: ClientOptions,
): ServiceClient<S> {
  const channel = new Client(address, credentials, options);
  const methods = service.methods.map((method) => [method.localName, caller(channel, method)]);
  // fromEntries cannot express that keys and types are those of the descriptor.
  return {
    ...Object.fromEntries(methods),
    close: () => channel.close(),
  } as ServiceClient<S>;
}

type Fields = MessageInitShape<DescMethod['input']>;

function caller(channel: Client, method: DescMethod) {
  const { input, output, methodKind } = method;
  const serialize = (request: Fields) => encode(input, request);
  const deserialize = (bytes: Uint8Array) => fromBinary(output, bytes);
  const codec = [methodPath(method), serialize, deserialize] as const;
  switch (methodKind) {
    case 'bidi_streaming':
      return (options: CallOptions = {}) => {
        const call = channel.makeBidiStreamRequest(...codec, ...callArguments(options));
        return cancelledBy(options.signal, call);
      };
    case 'server_streaming':
      return (request: Fields, options: CallOptions = {}) => {
        const call = channel.makeServerStreamRequest(...codec, request, ...callArguments(options));
        return cancelledBy(options.signal, call);
      };
    default:
      return (request: Fields, options: CallOptions = {}) =>
        new Promise((resolve, reject) => {
          const settle = (error: unknown, response: unknown) =>
            error === null ? resolve(response) : reject(error);
          const call = channel.makeUnaryRequest(
            ...codec,
            request,
            ...callArguments(options),
            settle,
          );
          cancelledBy(options.signal, call);
        });
  }
}

function callArguments(options: CallOptions): [Metadata, { deadline?: number }] {
  const { metadata = new Metadata(), deadlineMs } = options;
  return [metadata, deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }];
}

function cancelledBy<C extends { cancel(): void; once(event: 'status', f: () => void): unknown }>(
  signal: AbortSignal | undefined,
  call: C,
): C {
  if (signal === undefined) return call;
  const cancel = () => call.cancel();
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  call.once('status', () => signal.removeEventListener('abort', cancel));
  return call;
}
