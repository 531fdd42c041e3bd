import type { LearningClient } from './channel.ts';
import { type CallFailure, failureOf } from './failure.ts';
import { type RetryOptions, retry } from './retry.ts';

/** What the sidecar has not answered within this long is sent again. */
const DEADLINE_MS = 5000;

/** Acknowledgements under way at once. Where there are more, the stream is read no further. */
const MAX_UNDER_WAY = 32;

/** What became of a delta. */
export interface Acknowledgement {
  readonly epoch: string;
  readonly deltaId: string;
  /** Set: refused. */
  readonly error?: { readonly reason: string; readonly message: string };
}

export interface AcknowledgerOptions extends RetryOptions {
  readonly client: LearningClient;
  readonly clientId: string;
  /** The sidecar does not take it, and never will. */
  readonly onRefused: (failure: CallFailure) => void;
}

/** Sends acknowledgements, each until the sidecar has it. */
export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
  }

  /** Resolves when there is room for another one. Never rejects. */
  async send(acknowledgement: Acknowledgement): Promise<void> {
    const sending = this.#send(acknowledgement).finally(() => this.#underWay.delete(sending));
    this.#underWay.add(sending);
    if (this.#underWay.size >= MAX_UNDER_WAY) await Promise.race(this.#underWay);
  }

  async #send(acknowledgement: Acknowledgement): Promise<void> {
    const { client, clientId, signal, onRefused } = this.#options;
    const request = { clientId, ...acknowledgement };
    const call = () => client.ackDelta(request, { deadlineMs: DEADLINE_MS, signal });
    try {
      await retry(call, this.#options);
    } catch (error) {
      const failure = failureOf(error);
      // Another ledger has no use for it: what it wants is said by its snapshot.
      if (!signal.aborted && failure.reason !== 'EPOCH_CHANGED') onRefused(failure);
    }
  }
}
