import { setTimeout as delay } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import type { CallOptions } from '../wire/client.ts';
import { failureOf, isAway, mayPass, retryDelayMs } from './failure.ts';
import type { OutageLog } from './log.ts';

/** A unary method. */
type Method<Q, A> = (request: Q, options: CallOptions) => Promise<A>;

/** Deadline of calls that an orchestrator may wait for. */
const SOON_MS = 500;

/** Deadline of an attempt at a call that has to arrive; within it, gRPC waits for the sidecar and retries. */
const PERSISTENT_MS = 600_000;

/** Makes the unary calls of a client until it is closed, and logs outages. */
export class Calls {
  readonly #signal: AbortSignal;
  readonly #log: OutageLog;

  /** @param signal cancels all calls */
  constructor(signal: AbortSignal, log: OutageLog) {
    this.#signal = signal;
    this.#log = log;
  }

  /** Calls once; resolves to `undefined` if the call fails or is not answered by the deadline. */
  async attempt<Q, A>(topic: string, method: Method<Q, A>, request: Q, deadlineMs = SOON_MS) {
    const signal = this.#signal;
    try {
      const answer = await method(request, { deadlineMs, signal });
      this.#log.over(topic);
      return answer;
    } catch (cause) {
      const failure = failureOf(cause);
      if (!signal.aborted && !isAway(failure)) this.#log.outage(topic, `no ${topic}`, failure);
      return undefined;
    }
  }

  /** Calls until answered, also after outages that outlast gRPC's retries. Rejects if a retry cannot help. */
  async persist<Q, A>(topic: string, method: Method<Q, A>, request: Q): Promise<A> {
    const signal = this.#signal;
    for (;;) {
      try {
        const metadata = new Metadata({ waitForReady: true });
        const answer = await method(request, { deadlineMs: PERSISTENT_MS, signal, metadata });
        this.#log.over(topic);
        return answer;
      } catch (cause) {
        const failure = failureOf(cause);
        if (signal.aborted || !mayPass(failure)) throw cause;
        this.#log.outage(topic, `${topic} are not taken: trying again`, failure);
        await this.pause(failure.retryDelayMs);
      }
    }
  }

  /** Waits before another attempt: as long as the sidecar asked for, or 0.2 to 1 s, at random. */
  async pause(askedMs?: number): Promise<void> {
    await delay(retryDelayMs(askedMs), undefined, { signal: this.#signal }).catch(() => {});
  }
}
