import type {
  DescMessage,
  DescMethod,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Server,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type LearningError, malformed } from '../domain/errors.ts';
import { asBuffer, encode, methodPath } from './encode.ts';
import { findOverlongList, listLimits } from './list-limits.ts';

/** Takes the place of a request whose bytes could not be decoded; the handler refuses it. */
export class Malformed {
  readonly error: LearningError;

  constructor(error: LearningError) {
    this.error = error;
  }
}

/** A request as a handler receives it. */
export type Decoded<I extends DescMessage> = MessageShape<I> | Malformed;

/** A response as a handler returns it: a message, its fields, or encoded bytes, which are sent as they are. */
export type Encodable<O extends DescMessage> = MessageInitShape<O> | Uint8Array;

/** A grpc-js method definition. */
export interface MethodCodec<I extends DescMessage, O extends DescMessage> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (request: MessageInitShape<I>) => Buffer;
  /** Never throws. */
  readonly requestDeserialize: (bytes: Uint8Array) => Decoded<I>;
  readonly responseSerialize: (response: Encodable<O>) => Buffer;
  readonly responseDeserialize: (bytes: Uint8Array) => MessageShape<O>;
}

/** The methods of a service by their TypeScript names. */
export type ServiceCodec<S extends DescService> = {
  readonly [K in keyof S['method']]: MethodCodec<S['method'][K]['input'], S['method'][K]['output']>;
};

/** The handler that grpc-js calls for a method. */
export type MethodHandler<M extends DescMethod> = M['methodKind'] extends 'unary'
  ? handleUnaryCall<Decoded<M['input']>, Encodable<M['output']>>
  : M['methodKind'] extends 'server_streaming'
    ? handleServerStreamingCall<Decoded<M['input']>, Encodable<M['output']>>
    : M['methodKind'] extends 'bidi_streaming'
      ? handleBidiStreamingCall<Decoded<M['input']>, Encodable<M['output']>>
      : never;

/** A handler for each method of a service. */
export type ServiceHandlers<S extends DescService> = {
  readonly [K in keyof S['method']]: MethodHandler<S['method'][K]>;
};

/** Registers a service; every method must have a handler. */
export function addService<S extends DescService>(
  server: Server,
  service: S,
  handlers: ServiceHandlers<S>,
): void {
  // biome-ignore lint/plugin: grpc-js types handlers by an index signature, which no mapped type has.
  server.addService(serviceCodec(service), handlers as unknown as UntypedServiceImplementation);
}

/** The grpc-js definition of a service. */
export function serviceCodec<S extends DescService>(service: S): ServiceCodec<S> {
  const methods = service.methods.map((method) => [method.localName, methodCodec(method)]);
  // fromEntries cannot express that keys and types are those of the descriptor.
  return Object.fromEntries(methods) as ServiceCodec<S>;
}

/** Registers a method whose handler reads the bytes of the request, and answers those of the response, itself. */
export function addRawMethod(
  server: Server,
  method: DescMethod,
  handler: handleUnaryCall<Buffer, Buffer>,
): void {
  const asIs = (bytes: Buffer) => bytes;
  server.addService(
    {
      [method.localName]: {
        path: methodPath(method),
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: (bytes: Buffer) => noted(bytes, bytes.length),
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    { [method.localName]: handler },
  );
}

/** A method whose messages are known to TypeScript. */
export type TypedMethod<I extends DescMessage, O extends DescMessage> = DescMethod & {
  readonly input: I;
  readonly output: O;
};

/** The grpc-js definition of a method. */
export function methodCodec<I extends DescMessage, O extends DescMessage>(
  method: TypedMethod<I, O>,
): MethodCodec<I, O> {
  const { input, output, methodKind } = method;
  return {
    path: methodPath(method),
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestSerialize: (request) => encode(input, request),
    requestDeserialize: requestDecoder(input),
    responseSerialize: (response) =>
      response instanceof Uint8Array ? asBuffer(response) : encode(output, response),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

/** The size of a request is remembered only if it is larger than this. */
export const BIG_REQUEST_BYTES = 4096;

const sizes = new WeakMap<object, number>();

/** The bytes a request was decoded from if they exceed `BIG_REQUEST_BYTES`, otherwise 0. */
export function decodedBytes(request: unknown): number {
  return typeof request === 'object' && request !== null ? (sizes.get(request) ?? 0) : 0;
}

/** Remembers the size of a request, if it is large. */
function noted<T extends object>(request: T, bytes: number): T {
  if (bytes > BIG_REQUEST_BYTES) sizes.set(request, bytes);
  return request;
}

// Unknown fields of a newer contract are not used here, and keeping them costs memory.
const READ_OPTIONS = { readUnknownFields: false };

function requestDecoder<I extends DescMessage>(input: I): (bytes: Uint8Array) => Decoded<I> {
  const limits = listLimits(input);
  return (bytes) => {
    try {
      const overlong = findOverlongList(limits, bytes);
      if (overlong !== undefined) return new Malformed(overlong);
      return noted(fromBinary(input, bytes, READ_OPTIONS), bytes.length);
    } catch (cause) {
      return new Malformed(malformed(`the request is not a valid ${input.typeName}`, cause));
    }
  };
}
