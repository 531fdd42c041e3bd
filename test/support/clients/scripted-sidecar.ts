import type { MessageInitShape } from '@bufbuild/protobuf';
import { Metadata, type status } from '@grpc/grpc-js';
import {
  type AckDeltaRequest,
  LearningService,
  type RecordTaskRequest,
  type StreamDeltasRequest,
  type StreamDeltasResponseSchema,
} from '../../../src/gen/learning/v1/learning_service_pb.ts';
import { serviceCodec } from '../../../src/wire/codec.ts';
import { serve } from '../../rpc/wire.ts';

export type Message = MessageInitShape<typeof StreamDeltasResponseSchema>;

/** How a call fails. */
export interface Failure {
  readonly code: status;
  readonly details?: string;
  readonly metadata?: Metadata;
}

interface Call<Q> {
  readonly request: Q;
  readonly metadata: Metadata;
}

type Done = (error: Failure | null, answer?: object) => void;

/** What a sidecar has been asked, one list by method. */
export interface Received {
  readonly streams: StreamDeltasRequest[];
  readonly tasks: RecordTaskRequest[];
  readonly acknowledgements: AckDeltaRequest[];
  /** By `performance.now()`, of each stream. */
  readonly streamTimesMs: number[];
  /** `authorization` of each task. */
  readonly tokens: unknown[];
  resolves: number;
}

export interface Script {
  /** What each stream is told. */
  readonly messages?: readonly Message[];
  /** Why the next call of a kind fails; `undefined`: it does not. */
  readonly failStream?: () => Failure | undefined;
  readonly failTask?: () => Failure | undefined;
  readonly failResolve?: () => Failure | undefined;
  readonly failAcknowledgement?: () => Failure | undefined;
}

/** A sidecar that says and refuses what a test wants, until the test ends. */
export async function createScriptedSidecar(script: Script) {
  const received: Received = {
    ...{ streams: [], tasks: [], acknowledgements: [], streamTimesMs: [], tokens: [] },
    resolves: 0,
  };
  const { streamDeltas, resolveParameters, recordTask, ackDelta } = serviceCodec(LearningService);
  const answer = (done: Done, failure: Failure | undefined) =>
    failure === undefined ? done(null, {}) : done(failure);
  const address = await serve((server) =>
    server.addService(
      { streamDeltas, resolveParameters, recordTask, ackDelta },
      {
        streamDeltas(
          call: Call<StreamDeltasRequest> & {
            write(message: Message): void;
            emit(event: 'error', failure: Failure): boolean;
          },
        ) {
          received.streams.push(call.request);
          received.streamTimesMs.push(performance.now());
          const failure = script.failStream?.();
          if (failure !== undefined) call.emit('error', failure);
          else for (const message of script.messages ?? []) call.write(message);
        },
        resolveParameters(_: unknown, done: Done) {
          received.resolves += 1;
          answer(done, script.failResolve?.());
        },
        recordTask(call: Call<RecordTaskRequest>, done: Done) {
          received.tasks.push(call.request);
          received.tokens.push(call.metadata.get('authorization')[0]);
          answer(done, script.failTask?.());
        },
        ackDelta(call: Call<AckDeltaRequest>, done: Done) {
          received.acknowledgements.push(call.request);
          answer(done, script.failAcknowledgement?.());
        },
      },
    ),
  );
  return { address, received };
}

/** Metadata that asks for a retry after so long. */
export function pushback(ms: number): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', String(ms));
  return metadata;
}
