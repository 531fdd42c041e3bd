import type { DescMethod, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type {
  ChannelCredentials,
  ClientDuplexStream,
  ClientOptions,
  ClientReadableStream,
} from '@grpc/grpc-js';
import { Client, Metadata } from '@grpc/grpc-js';
import { type MethodCodec, serviceCodec } from './codec.ts';

/** What one call may be given. */
export interface CallOptions {
  /** From now. Without one the call waits as long as the server does. */
  readonly deadlineMs?: number;
  readonly metadata?: Metadata;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/**
 * A method as a client calls it. A unary one rejects with grpc-js's `ServiceError`; a stream
 * emits it as `error`.
 */
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
  const codecs: Record<
    string,
    MethodCodec<DescMethod['input'], DescMethod['output']>
  > = serviceCodec(service);
  const methods = Object.entries(codecs).map(([name, codec]) => [name, caller(channel, codec)]);
  // Its keys and types are the descriptor's, which fromEntries cannot express.
  return {
    ...Object.fromEntries(methods),
    close: () => channel.close(),
  } as ServiceClient<S>;
}

type AnyCodec = MethodCodec<DescMethod['input'], DescMethod['output']>;
type Fields = MessageInitShape<DescMethod['input']>;

function caller(channel: Client, codec: AnyCodec) {
  if (!codec.responseStream) {
    return (request: Fields, options?: CallOptions) => callUnary(channel, codec, request, options);
  }
  const { path, requestSerialize, responseDeserialize } = codec;
  if (codec.requestStream) {
    return (options: CallOptions = {}) => {
      const [metadata, callOptions] = callArguments(options);
      const call = channel.makeBidiStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        metadata,
        callOptions,
      );
      return cancelledBy(options.signal, call);
    };
  }
  return (request: Fields, options: CallOptions = {}) => {
    const [metadata, callOptions] = callArguments(options);
    const call = channel.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      callOptions,
    );
    return cancelledBy(options.signal, call);
  };
}

function callUnary(channel: Client, codec: AnyCodec, request: Fields, options: CallOptions = {}) {
  const { path, requestSerialize, responseDeserialize } = codec;
  const [metadata, callOptions] = callArguments(options);
  return new Promise((resolve, reject) => {
    const call = channel.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      callOptions,
      (error, response) => (error === null ? resolve(response) : reject(error)),
    );
    cancelledBy(options.signal, call);
  });
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
