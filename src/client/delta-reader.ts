import { type ServiceError, status } from '@grpc/grpc-js';
import type { DeltaType } from '../gen/learning/v1/delta_pb.ts';
import type { StreamDeltasResponse } from '../gen/learning/v1/learning_service_pb.ts';
import { createBackoff } from './backoff.ts';
import type { LearningClient } from './channel.ts';
import { type ClientEnvironment, MACHINE, pause } from './environment.ts';
import { isServiceError, refusalOfStream, retryDelayMs } from './failure.ts';

/** A sidecar that does not answer a unary call within this long is not there. */
export const ANSWER_MS = 10_000;

/** Where a reader stands in a ledger. */
export interface ReaderPlace {
  /** Empty: any ledger. */
  readonly epoch: string;
  readonly sequence: bigint;
}

/** What a reader of the stream is told. */
export type ReaderEvent =
  | { readonly kind: 'message'; readonly message: StreamDeltasResponse }
  /**
   * The stream broke; it is tried again until it is there. Told once, and again where it is refused for
   * another reason. `undefined`: it ended without an error.
   */
  | { readonly kind: 'lost'; readonly failure: ServiceError | undefined }
  | { readonly kind: 'resumed'; readonly place: ReaderPlace | undefined }
  /** The ledger is not as far as the place: it starts over with a snapshot. */
  | { readonly kind: 'ahead'; readonly place: ReaderPlace; readonly failure: ServiceError }
  /** What came does not follow on the place, which must not be: it starts over with a snapshot. */
  | { readonly kind: 'gap'; readonly place: ReaderPlace; readonly sequence: bigint };

export interface ReaderOptions {
  readonly clientId: string;
  /** Empty: all. */
  readonly types: readonly DeltaType[];
  /** `undefined`: start with the current values. */
  readonly place: ReaderPlace | undefined;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** Tries again whatever failed: tokens and certificates are exchanged, limits raised. */
  readonly isPersistent?: boolean;
  readonly environment?: ClientEnvironment;
}

/**
 * Reads applied deltas for as long as it is asked to, over breaks: each once, in order. Ends when
 * `signal` fires; rejects with a `ServiceError` that trying again would not help, unless it is
 * persistent.
 */
export async function* readDeltas(
  client: LearningClient,
  options: ReaderOptions,
): AsyncGenerator<ReaderEvent, void> {
  const { signal, environment = MACHINE } = options;
  const backoff = createBackoff(environment.random);
  const reader: Reader = {
    place: options.place,
    refusal: undefined,
    onProgress: () => backoff.reset(),
  };
  while (!signal.aborted) {
    let failure: ServiceError | undefined;
    let hasGap = false;
    try {
      hasGap = yield* readFrom(client, options, reader);
    } catch (error) {
      if (signal.aborted) return;
      failure = asFailure(error, options);
    }
    if (failure?.code === status.OUT_OF_RANGE && reader.place !== undefined) {
      yield { kind: 'ahead', place: reader.place, failure };
      reader.place = undefined;
      continue;
    }
    const refusal = refusalOfStream(failure);
    if (!hasGap && refusal !== reader.refusal) yield { kind: 'lost', failure };
    if (!hasGap) reader.refusal = refusal;
    const delayMs = Math.max(backoff.next(), failure ? retryDelayMs(failure) : 0);
    await pause(environment.clock, delayMs, signal);
  }
}

/** How far a reader is, over all its streams. */
interface Reader {
  place: ReaderPlace | undefined;
  /** Why there is no stream, as it was told; `undefined`: there is one. */
  refusal: string | undefined;
  readonly onProgress: () => void;
}

/** Goes on where the reader is, until the stream ends. Answers whether it was given up for a gap. */
async function* readFrom(
  client: LearningClient,
  options: ReaderOptions,
  reader: Reader,
): AsyncGenerator<ReaderEvent, boolean> {
  if (reader.refusal !== undefined) {
    // A stream says nothing for long where nothing happens; a call says that there is someone.
    await client.resolveParameters({}, { deadlineMs: ANSWER_MS, signal: options.signal });
    reader.refusal = undefined;
    yield { kind: 'resumed', place: reader.place };
  }
  for await (const message of openStream(client, options, reader.place)) {
    const { place } = reader;
    const step = follows(message, place, options);
    if (step === 'gap' && place !== undefined) {
      reader.place = undefined;
      yield { kind: 'gap', place, sequence: message.sequence };
      return true;
    }
    if (step === 'known') continue;
    reader.place = { epoch: message.epoch, sequence: message.sequence };
    reader.onProgress();
    yield { kind: 'message', message };
  }
  return false;
}

/** What a message is to a reader at a place. */
function follows(
  { epoch, sequence, event }: StreamDeltasResponse,
  place: ReaderPlace | undefined,
  { types }: ReaderOptions,
): 'next' | 'known' | 'gap' {
  if (place === undefined || event.case === 'snapshot') return 'next';
  if (place.epoch !== '' && epoch !== place.epoch) return 'gap';
  if (event.case !== 'delta') return sequence < place.sequence ? 'known' : 'next';
  if (sequence <= place.sequence) return 'known';
  return types.length === 0 && sequence > place.sequence + 1n ? 'gap' : 'next';
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
function asFailure(error: unknown, { isPersistent = false }: ReaderOptions): ServiceError {
  if (isServiceError(error) && (isPersistent || refusalOfStream(error) === '')) return error;
  throw error;
}
