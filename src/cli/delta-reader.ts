import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { DeltaType } from '../gen/learning/v1/delta_pb.ts';
import type { StreamDeltasResponse } from '../gen/learning/v1/learning_service_pb.ts';
import { createBackoff } from './backoff.ts';
import { ANSWER_MS, isServiceError, type LearningClient, retryDelayMs } from './sidecar-client.ts';

/** Where a reader stands in a ledger. */
export interface ReaderPlace {
  /** Empty: any ledger. */
  readonly epoch: string;
  readonly sequence: bigint;
}

/** What a reader of the stream is told. */
export type ReaderEvent =
  | { readonly kind: 'message'; readonly message: StreamDeltasResponse }
  /** The stream broke; it is tried again until it is there. */
  | { readonly kind: 'lost'; readonly error: ServiceError }
  | { readonly kind: 'resumed'; readonly place: ReaderPlace | undefined }
  /** The ledger is not as far as the place: it starts over with a snapshot. */
  | { readonly kind: 'ahead'; readonly place: ReaderPlace };

export interface ReaderOptions {
  readonly clientId: string;
  /** Empty: all. */
  readonly types: readonly DeltaType[];
  /** `undefined`: start with the current values. */
  readonly place: ReaderPlace | undefined;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** Failures that pass: the sidecar restarts, is overloaded, or the network breaks. */
const PASSING = new Set([
  status.UNAVAILABLE,
  status.INTERNAL,
  status.UNKNOWN,
  status.CANCELLED,
  status.ABORTED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
]);

/**
 * Reads applied deltas for as long as it is asked to, over breaks: each once, in order. Ends when
 * `signal` fires; rejects with a `ServiceError` that trying again would not help.
 */
export async function* readDeltas(
  client: LearningClient,
  options: ReaderOptions,
): AsyncGenerator<ReaderEvent, void> {
  const { signal } = options;
  const backoff = createBackoff();
  let { place } = options;
  let isLost = false;
  while (!signal.aborted) {
    try {
      if (isLost) {
        // A stream says nothing for long where nothing happens; a call says that there is someone.
        await client.resolveParameters({}, { deadlineMs: ANSWER_MS, signal });
        isLost = false;
        yield { kind: 'resumed', place };
      }
      for await (const message of openStream(client, options, place)) {
        place = { epoch: message.epoch, sequence: message.sequence };
        backoff.reset();
        yield { kind: 'message', message };
      }
      // Servers end it with a status; one that just ends is asked again, not too soon.
      await delay(backoff.next(), undefined, { signal });
    } catch (error) {
      if (signal.aborted) return;
      if (!isServiceError(error)) throw error;
      if (error.code === status.OUT_OF_RANGE && place !== undefined) {
        yield { kind: 'ahead', place };
        place = undefined;
        continue;
      }
      if (!PASSING.has(error.code)) throw error;
      if (!isLost) yield { kind: 'lost', error };
      isLost = true;
      await delay(Math.max(backoff.next(), retryDelayMs(error)), undefined, { signal }).catch(
        ignoreAbort,
      );
    }
  }
}

async function* openStream(
  client: LearningClient,
  { clientId, types, signal }: ReaderOptions,
  place: ReaderPlace | undefined,
): AsyncGenerator<StreamDeltasResponse, void> {
  const start = place === undefined ? {} : { epoch: place.epoch, afterSequence: place.sequence };
  const call = client.streamDeltas({ clientId, types: [...types], ...start }, { signal });
  try {
    for await (const message of call) yield message;
  } finally {
    call.cancel();
  }
}

/** The loop looks at the signal itself. */
function ignoreAbort(): void {}
