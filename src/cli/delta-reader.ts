import { setTimeout as delay } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { DeltaType } from '../gen/learning/v1/delta_pb.ts';
import type { StreamDeltasResponse } from '../gen/learning/v1/learning_service_pb.ts';
import { createBackoff } from './backoff.ts';
import {
  ANSWER_MS,
  causeOf,
  isServiceError,
  type LearningClient,
  retryDelayMs,
} from './sidecar-client.ts';

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
  | { readonly kind: 'lost'; readonly reason: string }
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
    let failure: ServiceError | undefined;
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
    } catch (error) {
      if (signal.aborted) return;
      failure = asFailure(error);
    }
    if (failure?.code === status.OUT_OF_RANGE && place !== undefined) {
      yield { kind: 'ahead', place };
      place = undefined;
      continue;
    }
    if (!isLost) yield { kind: 'lost', reason: reasonOf(failure) };
    isLost = true;
    await pause(Math.max(backoff.next(), failure ? retryDelayMs(failure) : 0), signal);
  }
}

async function* openStream(
  client: LearningClient,
  { clientId, types, signal }: ReaderOptions,
  place: ReaderPlace | undefined,
): AsyncGenerator<StreamDeltasResponse, void> {
  const start = place === undefined ? {} : { epoch: place.epoch, afterSequence: place.sequence };
  const call = client.streamDeltas({ clientId, types: [...types], ...start }, { signal });
  // Its end is told here as well, to nobody where the iteration below is over.
  call.on('error', () => {});
  try {
    for await (const message of call) yield message;
  } finally {
    call.cancel();
  }
}

/** Throws what trying again would not help against. */
function asFailure(error: unknown): ServiceError {
  if (isServiceError(error) && (PASSING.has(error.code) || error.code === status.OUT_OF_RANGE)) {
    return error;
  }
  throw error;
}

function reasonOf(failure: ServiceError | undefined): string {
  return failure === undefined ? 'the sidecar ended the stream' : causeOf(failure);
}

/** Ends early, without a word, when the signal fires. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
