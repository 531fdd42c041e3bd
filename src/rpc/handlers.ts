import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { type StatusObject, status } from '@grpc/grpc-js';
import { LearningError } from '../domain/errors.ts';
import { type Decoded, type Encodable, encode, Malformed } from '../wire/codec.ts';
import { statusOf, type WireReason } from '../wire/status.ts';

/** What every handler reports to. */
export interface HandlerEnvironment {
  /** One call has ended. `method` is its path, `/package.Service/Method`. */
  observe(method: string, code: status, seconds: number): void;
  /** A call was refused. It has been or will be observed, too. */
  refused(reason: WireReason): void;
  /** Takes what a handler threw beside refusals: a fault of ours. */
  logError(error: unknown, method: string): void;
  /** Milliseconds since some moment; never jumps. */
  monotonic(): number;
}

/** Throws a `LearningError` where the request must be refused. */
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

/** Answers with what `run` returns or resolves to; what it throws ends the call. */
export function unaryHandler<I extends DescMessage, O extends DescMessage>(
  environment: HandlerEnvironment,
  method: Method<I, O>,
  check: Check<I>,
  run: (
    request: MessageShape<I>,
    call: ServerUnaryCall<Decoded<I>, Encodable<O>>,
  ) => Encodable<O> | Promise<Encodable<O>>,
): handleUnaryCall<Decoded<I>, Encodable<O>> {
  const path = pathOf(method);
  return (call, callback) => {
    const end = startCall(environment, path, call);
    const fail = (error: unknown) => {
      const failure = statusOf(error, (cause) => environment.logError(cause, path));
      if (error instanceof LearningError) environment.refused(error.reason);
      end(failure.code);
      callback(failure);
    };
    const succeed = (response: Encodable<O>) => {
      // Here and not by grpc-js, whose error for what cannot be encoded carries no details.
      const bytes = response instanceof Uint8Array ? response : encode(method.output, response);
      end(status.OK);
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

/**
 * Ends the stream when `run` resolves; what it throws ends the stream after what was written.
 * `run` must settle soon after the call's `cancelled`, and honour back-pressure.
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
  const path = pathOf(method);
  return (call) => {
    settleStream(environment, path, call, async () => run(accept(call.request, check), call));
  };
}

/** As `serverStreamHandler`, with a stream of requests, each to be taken with `accept`. */
export function bidiHandler<I extends DescMessage, O extends DescMessage>(
  environment: HandlerEnvironment,
  method: Method<I, O>,
  run: (call: ServerDuplexStream<Decoded<I>, Encodable<O>>) => Promise<void>,
): handleBidiStreamingCall<Decoded<I>, Encodable<O>> {
  const path = pathOf(method);
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
  const end = startCall(environment, path, call);
  const succeed = () => {
    end(status.OK);
    call.end();
  };
  const fail = (error: unknown) => {
    // What breaks because the client has gone is no fault of ours.
    const logError = (cause: unknown) => call.cancelled || environment.logError(cause, path);
    const failure = statusOf(error, logError);
    if (error instanceof LearningError) environment.refused(error.reason);
    end(failure.code);
    if (!call.cancelled) call.emit('error', failure);
  };
  run().then(succeed).catch(fail);
}

/** Answers the function to call once, when the call ends. */
function startCall(
  environment: HandlerEnvironment,
  path: string,
  call: { readonly cancelled: boolean },
): (code: status) => void {
  const startedMs = environment.monotonic();
  return (code) => {
    const seconds = (environment.monotonic() - startedMs) / 1000;
    environment.observe(path, call.cancelled ? status.CANCELLED : code, seconds);
  };
}

function pathOf(method: Pick<DescMethod, 'name' | 'parent'>): string {
  return `/${method.parent.typeName}/${method.name}`;
}
