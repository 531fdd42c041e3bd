import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { LearningClient } from '../client/channel.ts';
import { ANSWER_MS } from '../client/dial.ts';
import { failureOf, isServiceError, mayPass, retryDelayMs } from '../client/failure.ts';
import type { DeltaType } from '../gen/learning/v1/delta_pb.ts';
import type { StreamDeltasResponse } from '../gen/learning/v1/learning_service_pb.ts';

/** What a stream brings, or what happens to it. */
export type StreamEvent =
  | { readonly kind: 'message'; readonly message: StreamDeltasResponse }
  /** The stream broke, and is opened again. Once per outage. `failure`: `undefined` if it ended without an error. */
  | { readonly kind: 'lost'; readonly failure: ServiceError | undefined }
  | { readonly kind: 'resumed'; readonly sequence: bigint | undefined };

export interface StreamOptions {
  readonly clientId: string;
  /** All if empty. */
  readonly types: readonly DeltaType[];
  /** The sequence to resume after, in whatever ledger there is; if `undefined`, all values are sent first. */
  readonly afterSequence: bigint | undefined;
  /** Ends the stream. */
  readonly signal: AbortSignal;
}

/**
 * Reads applied deltas, and goes on after the last one when the connection breaks. Ends when `signal` fires. Rejects
 * with a `ServiceError` if a retry cannot help.
 */
export async function* readStream(
  client: LearningClient,
  { clientId, types, afterSequence, signal }: StreamOptions,
): AsyncGenerator<StreamEvent, void> {
  let place: { epoch?: string; afterSequence?: bigint } =
    afterSequence === undefined ? {} : { afterSequence };
  let isLost = false;
  while (!signal.aborted) {
    let failure: ServiceError | undefined;
    try {
      if (isLost) {
        // A quiet stream does not show whether the sidecar is reachable; a unary call does.
        await client.resolveParameters({}, { deadlineMs: ANSWER_MS, signal });
        isLost = false;
        yield { kind: 'resumed', sequence: place.afterSequence };
      }
      const stream = client.streamDeltas({ clientId, types: [...types], ...place }, { signal });
      // The stream also emits its error after the iteration below has ended.
      stream.on('error', () => {});
      for await (const message of stream) {
        place = { epoch: message.epoch, afterSequence: message.sequence };
        yield { kind: 'message', message };
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isServiceError(error) || !isTransient(error)) throw error;
      failure = error;
      // A ledger restored from a backup has not reached that sequence yet.
      if (error.code === status.OUT_OF_RANGE) place = {};
    }
    if (!isLost) yield { kind: 'lost', failure };
    isLost = true;
    await delay(retryDelayMs(), undefined, { signal }).catch(() => {});
  }
}

function isTransient(error: ServiceError): boolean {
  const isHere = error.code === status.OUT_OF_RANGE || error.code === status.RESOURCE_EXHAUSTED;
  return isHere || mayPass(failureOf(error));
}
