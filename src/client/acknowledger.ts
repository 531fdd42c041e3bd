import type { LearningClient } from './channel.ts';
import { type CallFailure, failureOf } from './failure.ts';
import { type RetryOptions, retry } from './retry.ts';

/** An acknowledgement without an answer by this deadline is sent again. */
const DEADLINE_MS = 5000;

/** Maximum concurrent acknowledgements. At this number the stream is not read any further. */
const MAX_UNDER_WAY = 32;

/** The acknowledgement or refusal of a delta. */
export interface DeltaAnswer {
  readonly epoch: string;
  readonly deltaId: string;
  /** Set if the delta is refused. */
  readonly error?: { readonly reason: string; readonly message: string };
}

export interface AcknowledgerOptions extends RetryOptions {
  readonly client: LearningClient;
  readonly clientId: string;
  /** Called if the sidecar refuses it for good. */
  readonly onRefused: (failure: CallFailure) => void;
}

/** Sends acknowledgements, each until the sidecar answers. */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
  }

  /** Resolves when another one may be sent. Never rejects. */
  async send(acknowledgement: DeltaAnswer): Promise<void> {
    const sending = this.#send(acknowledgement).finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
    if (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
  }

  async #send(acknowledgement: DeltaAnswer): Promise<void> {
    const { client, clientId, signal, onRefused } = this.#options;
    const request = { clientId, ...acknowledgement };
    const call = () => client.ackDelta(request, { deadlineMs: DEADLINE_MS, signal });
    try {
      await retry(call, this.#options);
    } catch (error) {
      const failure = failureOf(error);
      // Another ledger does not know the delta, and sends a snapshot of its own.
      if (!signal.aborted && failure.reason !== 'EPOCH_CHANGED') onRefused(failure);
    }
  }
}
