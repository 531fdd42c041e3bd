import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { Service as FlagsV1 } from '../../gen/flagd/evaluation/v1/evaluation_pb.ts';
import { Service as FlagsV2 } from '../../gen/flagd/evaluation/v2/evaluation_pb.ts';
import { FlagSyncService } from '../../gen/flagd/sync/v1/sync_pb.ts';
import type { LedgerState } from '../../ledger/state.ts';
import type { ServiceHandlers } from '../../wire/codec.ts';
import { encode } from '../../wire/encode.ts';
import {
  type HandlerEnvironment,
  type Method,
  serverStreamHandler,
  unaryHandler,
} from '../handlers.ts';
import type { OpenStreams } from '../streams/open-streams.ts';
import { untilDone } from '../streams/until-done.ts';
import type { Evaluator } from './evaluation.ts';
import type { FeedReader, FlagFeed } from './flag-feed.ts';
import { FlagStream } from './flag-stream.ts';
import { allFlags, answersV1, answersV2, nextEvent, nextFlags, once } from './messages.ts';

/** What the handlers of OpenFeature's services work with. */
export interface FlagParts {
  readonly environment: HandlerEnvironment;
  readonly evaluator: Evaluator;
  readonly feed: FlagFeed;
  readonly openStreams: OpenStreams;
  readonly state: LedgerState;
}

/** Accepts any request: an unknown name is not found, and what does not fit in a context is left out. */
const anything = () => {};

/** The handlers of flagd's evaluation, version 1. */
export function flagsV1Handlers(parts: FlagParts): ServiceHandlers<typeof FlagsV1> {
  const { environment, evaluator } = parts;
  const { method } = FlagsV1;
  const unary = unaryOf(environment);
  const answers = answersV1(evaluator);
  return {
    resolveAll: unary(method.resolveAll, answers.resolveAll),
    resolveBoolean: unary(method.resolveBoolean, answers.resolveBoolean),
    resolveString: unary(method.resolveString, answers.resolveString),
    resolveFloat: unary(method.resolveFloat, answers.resolveFloat),
    resolveInt: unary(method.resolveInt, answers.resolveInt),
    resolveObject: unary(method.resolveObject, answers.resolveObject),
    eventStream: serverStreamHandler(environment, method.eventStream, anything, (_, call) =>
      stream(parts, call, (reader) => nextEvent(reader, parts.state)),
    ),
  };
}

/** The handlers of flagd's evaluation, version 2. */
export function flagsV2Handlers(parts: FlagParts): ServiceHandlers<typeof FlagsV2> {
  const { environment, evaluator } = parts;
  const { method } = FlagsV2;
  const unary = unaryOf(environment);
  const answers = answersV2(evaluator);
  return {
    resolveBoolean: unary(method.resolveBoolean, answers.resolveBoolean),
    resolveString: unary(method.resolveString, answers.resolveString),
    resolveFloat: unary(method.resolveFloat, answers.resolveFloat),
    resolveInt: unary(method.resolveInt, answers.resolveInt),
    resolveObject: unary(method.resolveObject, answers.resolveObject),
    eventStream: serverStreamHandler(environment, method.eventStream, anything, (_, call) =>
      stream(parts, call, (reader) => nextEvent(reader, parts.state)),
    ),
  };
}

/** The handlers of flagd's sync. */
export function flagSyncHandlers(parts: FlagParts): ServiceHandlers<typeof FlagSyncService> {
  const { environment, evaluator } = parts;
  const { method } = FlagSyncService;
  return {
    syncFlags: serverStreamHandler(environment, method.syncFlags, anything, (_, call) =>
      stream(parts, call, (reader) => nextFlags(reader, evaluator)),
    ),
    fetchAllFlags: unaryHandler(environment, method.fetchAllFlags, anything, () => ({
      flagConfiguration: allFlags(evaluator),
    })),
    // The sidecar adds no context to the evaluations of clients.
    getMetadata: unaryHandler(environment, method.getMetadata, anything, () => ({ metadata: {} })),
  };
}

/** Makes unary handlers that encode an answer once, however often it is given. */
function unaryOf(environment: HandlerEnvironment) {
  return <I extends DescMessage, O extends DescMessage>(
    method: Method<I, O>,
    run: (request: MessageShape<I>) => Promise<MessageInitShape<O>>,
  ) => {
    const encoded = once((answer: MessageInitShape<O>) => encode(method.output, answer));
    return unaryHandler(environment, method, anything, async (request) =>
      encoded(await run(request)),
    );
  };
}

/** Runs a stream; resolves, or rejects, when the stream ends. */
function stream<I, M>(
  { feed, openStreams }: FlagParts,
  call: ServerWritableStream<I, M>,
  next: (reader: FeedReader) => M | undefined,
): Promise<void> {
  return untilDone(openStreams, call.getPeer(), (done) => new FlagStream(call, feed, next, done));
}
