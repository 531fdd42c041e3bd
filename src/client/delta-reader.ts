import { type ServiceError, status } from '@grpc/grpc-js';
import type { DeltaType } from '../gen/learning/v1/delta_pb.ts';
import type { StreamDeltasResponse } from '../gen/learning/v1/learning_service_pb.ts';
import { createBackoff } from './backoff.ts';
import type { LearningClient } from './channel.ts';
import { type ClientEnvironment, MACHINE, pause } from './environment.ts';
import { isServiceError, refusalOfStream, retryDelayMs } from './failure.ts';

/** The deadline of unary calls. */
export const ANSWER_MS = 10_000;

/** A reader's position in a ledger. */
export interface ReaderPlace {
  /** Any ledger if empty. */
  readonly epoch: string;
  readonly sequence: bigint;
}

/** An event of a reader. */
export type ReaderEvent =
  | { readonly kind: 'message'; readonly message: StreamDeltasResponse }
  /**
   * The stream broke, and is retried. Reported once per outage, and again if it is refused for another
   * reason. `failure` is `undefined` if the stream ended without an error.
   */
  | { readonly kind: 'lost'; readonly failure: ServiceError | undefined }
  | { readonly kind: 'resumed'; readonly place: ReaderPlace | undefined }
  /** The ledger has not reached the place: the reader starts over with a snapshot. */
  | { readonly kind: 'ahead'; readonly place: ReaderPlace; readonly failure: ServiceError }
  /** The message does not follow the place, which is a fault: the reader starts over with a snapshot. */
  | { readonly kind: 'gap'; readonly place: ReaderPlace; readonly sequence: bigint };

export interface ReaderOptions {
  readonly clientId: string;
  /** All if empty. */
  readonly types: readonly DeltaType[];
  /** Where to start; by default with the current values. */
  readonly place: ReaderPlace | undefined;
  /** Ends the reader. */
  readonly signal: AbortSignal;
  /** Retries after any error: an operator may renew tokens or raise limits. */
  readonly isPersistent?: boolean;
  readonly environment?: ClientEnvironment;
}

/**
 * Reads applied deltas, each once and in order, and reconnects after breaks. Ends when `signal` fires. Rejects
 * with a `ServiceError` that a retry cannot help, unless it is persistent.
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

/** The state of a reader across its streams. */
interface Reader {
  place: ReaderPlace | undefined;
  /** The reported reason why there is no stream; `undefined` while there is one. */
  refusal: string | undefined;
  readonly onProgress: () => void;
}

/** Reads from the reader's place until the stream ends. Returns whether it ended because of a gap. */
async function* readFrom(
  client: LearningClient,
  options: ReaderOptions,
  reader: Reader,
): AsyncGenerator<ReaderEvent, boolean> {
  if (reader.refusal !== undefined) {
    // A quiet stream does not show whether the sidecar is reachable; a unary call does.
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

/** How a message relates to a reader's place. */
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
  // The stream also emits its error after the iteration below has ended.
  call.on('error', () => {});
  try {
    for await (const message of call) yield message;
  } finally {
    call.cancel();
  }
}

/** Throws an error that a retry cannot help. */
function asFailure(error: unknown, { isPersistent = false }: ReaderOptions): ServiceError {
  if (isServiceError(error) && (isPersistent || refusalOfStream(error) === '')) return error;
  throw error;
}
