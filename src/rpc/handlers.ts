import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { LearningError } from '../domain/errors.ts';
import { type Decoded, type Encodable, Malformed } from '../wire/codec.ts';
import { encode, methodPath } from '../wire/encode.ts';
import { statusOf, type WireReason } from '../wire/status.ts';

/** Where handlers report. */
export interface HandlerEnvironment {
  /** One call has ended. `method` is its path, `/package.Service/Method`. */
  observe(method: string, code: status, seconds: number): void;
  /** A call was refused; `observe` is called for it, too. */
  refused(reason: WireReason): void;
  /** A handler threw something other than a refusal. */
  logError(error: unknown, method: string): void;
  /** Milliseconds since an arbitrary moment; never jumps. */
  monotonic(): number;
}

/** Throws a `LearningError` if the request must be refused. */
export type Check<I extends DescMessage> = (request: MessageShape<I>) => void;

export type Method<I extends DescMessage, O extends DescMessage> = Pick<
  DescMethod,
  'name' | 'parent'
> & {
  readonly input: I;
  readonly output: O;
};

/** The message of a request. Throws MALFORMED, and what `check` throws. */
export function accept<T>(request: T | Malformed, check: (message: T) => void): T {
  if (request instanceof Malformed) throw request.error;
  check(request);
  return request;
}

/** Responds with what `run` returns or resolves to; an error ends the call. */
export function unaryHandler<I extends DescMessage, O extends DescMessage>(
  environment: HandlerEnvironment,
  method: Method<I, O>,
  check: Check<I>,
  run: (
    request: MessageShape<I>,
    call: ServerUnaryCall<Decoded<I>, Encodable<O>>,
  ) => Encodable<O> | Promise<Encodable<O>>,
): handleUnaryCall<Decoded<I>, Encodable<O>> {
  const path = methodPath(method);
  return (call, callback) => {
    const end = startCall(environment, path, call);
    const fail = (error: unknown) => callback(end(error));
    const succeed = (response: Encodable<O>) => {
      // Encoded here and not by grpc-js, whose error for a message that cannot be encoded carries no details.
      const bytes = response instanceof Uint8Array ? response : encode(method.output, response);
      end();
      callback(null, bytes);
    };
    try {
      const response = run(accept(call.request, check), call);
      if (response instanceof Promise) response.then(succeed).catch(fail);
      else succeed(response);
    } catch (error) {
      fail(error);
    }
  };
}

/** As `unaryHandler`, from the bytes of a request to those of its response. */
export function rawHandler(
  environment: HandlerEnvironment,
  method: Pick<DescMethod, 'name' | 'parent'>,
  run: (bytes: Buffer) => Promise<Buffer>,
): handleUnaryCall<Buffer, Buffer> {
  const path = methodPath(method);
  return (call, callback) => {
    const end = startCall(environment, path, call);
    const succeed = (response: Buffer) => {
      end();
      callback(null, response);
    };
    run(call.request)
      .then(succeed)
      .catch((error) => callback(end(error)));
  };
}

/**
 * Ends the stream when `run` settles, after what was written. `run` must settle soon after the call is
 * cancelled, and honour back-pressure.
 */
export function serverStreamHandler<I extends DescMessage, O extends DescMessage>(
  environment: HandlerEnvironment,
  method: Method<I, O>,
  check: Check<I>,
  run: (
    request: MessageShape<I>,
    call: ServerWritableStream<Decoded<I>, Encodable<O>>,
  ) => Promise<void>,
): handleServerStreamingCall<Decoded<I>, Encodable<O>> {
  const path = methodPath(method);
  return (call) => {
    settleStream(environment, path, call, async () => run(accept(call.request, check), call));
  };
}

/** Like `serverStreamHandler`, for a stream of requests, each to be read with `accept`. */
export function bidiHandler<I extends DescMessage, O extends DescMessage>(
  environment: HandlerEnvironment,
  method: Method<I, O>,
  run: (call: ServerDuplexStream<Decoded<I>, Encodable<O>>) => Promise<void>,
): handleBidiStreamingCall<Decoded<I>, Encodable<O>> {
  const path = methodPath(method);
  return (call) => {
    settleStream(environment, path, call, async () => run(call));
  };
}

interface Stream {
  readonly cancelled: boolean;
  end(): unknown;
  emit(event: 'error', failure: StatusObject): boolean;
}

function settleStream(
  environment: HandlerEnvironment,
  path: string,
  call: Stream,
  run: () => Promise<void>,
): void {
  const end = startCall(environment, path, call, true);
  const succeed = () => {
    end();
    call.end();
  };
  const fail = (error: unknown) => {
    const failure = end(error);
    if (!call.cancelled) call.emit('error', failure);
  };
  run().then(succeed).catch(fail);
}

const OK: StatusObject = { code: status.OK, details: '', metadata: new Metadata() };

/** Returns a function to be called once, when the call ends; it returns the status of the call. */
export function startCall(
  environment: HandlerEnvironment,
  path: string,
  call: { readonly cancelled: boolean },
  isStream = false,
): (error?: unknown) => StatusObject {
  const startedMs = environment.monotonic();
  const logError = (error: unknown) => {
    // A stream may fail because its client has gone.
    if (!isStream || !call.cancelled) environment.logError(error, path);
  };
  return (error) => {
    const result = error === undefined ? OK : statusOf(error, logError);
    if (error instanceof LearningError) environment.refused(error.reason);
    const seconds = (environment.monotonic() - startedMs) / 1000;
    environment.observe(path, call.cancelled ? status.CANCELLED : result.code, seconds);
    return result;
  };
}
