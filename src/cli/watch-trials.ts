import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { LearningClient } from '../client/channel.ts';
import { ANSWER_MS } from '../client/delta-reader.ts';
import { isServiceError } from '../client/failure.ts';
import { type Delta, DeltaState, type DeltaType } from '../gen/learning/v1/delta_pb.ts';
import type { StreamDeltasResponse } from '../gen/learning/v1/learning_service_pb.ts';

/** What is told of a trial. */
export interface TrialEvent {
  /** It is on, or is over. */
  readonly kind: 'on' | 'ended';
  /** The delta on trial, as it stands now. */
  readonly delta: Delta;
}

export interface TrialFollowerOptions {
  readonly client: LearningClient;
  /** Of the deltas on trial; empty: all. */
  readonly types: readonly DeltaType[];
  readonly onEvent: (event: TrialEvent) => Promise<void>;
}

/** How often trials are looked for: the stream does not tell of them, only of their switches. */
const LOOK_MS = 2000;

/**
 * Follows the trials of a sidecar: tells of each that it is on, and how it ended. While the sidecar
 * is away nothing is told; what has ended meanwhile is told when it is back.
 */
export class TrialFollower {
  readonly #options: TrialFollowerOptions;
  /** Deltas whose trial is on, as far as is known. */
  readonly #followed = new Set<string>();
  /** Those of them of which it was told. */
  readonly #told = new Set<string>();
  /** Deltas whose trial is over: the stream may name them again. */
  readonly #over = new Set<string>();
  #woken = new AbortController();

  constructor(options: TrialFollowerOptions) {
    this.#options = options;
  }

  /** Takes in what the stream tells: it may be of a trial that is over before the next look. */
  note({ event }: StreamDeltasResponse): void {
    if (event.case === 'heartbeat') return;
    if (event.case === 'delta') {
      const { deltaId, trialDeltaId, revertsDeltaId } = event.value;
      const isNew = trialDeltaId !== '' && this.#follow(trialDeltaId);
      const isEnd = this.#followed.has(deltaId) || this.#followed.has(revertsDeltaId);
      if (!isNew && !isEnd) return;
    }
    this.#woken.abort();
  }

  /** Looks for trials, now and then, until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const either = AbortSignal.any([signal, this.#woken.signal]);
      await delay(LOOK_MS, undefined, { signal: either }).catch(() => {});
      this.#woken = new AbortController();
      if (!signal.aborted) await this.#look(signal);
    }
  }

  /** Answers whether it was not known yet. */
  #follow(deltaId: string): boolean {
    if (this.#over.has(deltaId) || this.#followed.has(deltaId)) return false;
    this.#followed.add(deltaId);
    return true;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const call = { deadlineMs: ANSWER_MS, signal };
    try {
      const { deltas } = await this.#options.client.listDeltas(
        { states: [DeltaState.TRIAL] },
        call,
      );
      for (const { deltaId } of deltas) this.#follow(deltaId);
      for (const deltaId of this.#followed) await this.#lookAt(deltaId, call);
    } catch (error) {
      // The reader of the stream says what is wrong with the connection.
      if (!isServiceError(error)) throw error;
    }
  }

  async #lookAt(deltaId: string, call: { deadlineMs: number; signal: AbortSignal }): Promise<void> {
    const { client, types, onEvent } = this.#options;
    const delta = await client.getDeltaStatus({ deltaId }, call).then(
      (answer) => answer.delta,
      (error) => {
        if (isServiceError(error) && error.code === status.NOT_FOUND) return undefined;
        throw error;
      },
    );
    const isWanted = delta !== undefined && (types.length === 0 || types.includes(delta.type));
    const isOn = delta?.state === DeltaState.TRIAL;
    if (isWanted && isOn && !this.#told.has(deltaId)) await onEvent({ kind: 'on', delta });
    if (isWanted && !isOn) await onEvent({ kind: 'ended', delta });
    this.#told.add(deltaId);
    if (!isOn) this.#forget(deltaId);
  }

  #forget(deltaId: string): void {
    this.#followed.delete(deltaId);
    this.#told.delete(deltaId);
    this.#over.add(deltaId);
  }
}
