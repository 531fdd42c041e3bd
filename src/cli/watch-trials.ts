import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { LearningClient } from '../client/channel.ts';
import { ANSWER_MS } from '../client/delta-reader.ts';
import { isServiceError } from '../client/failure.ts';
import {
  type Delta,
  DeltaState,
  type DeltaType,
  type Refusal,
  Verdict,
} from '../gen/learning/v1/delta_pb.ts';
import type { StreamDeltasResponse } from '../gen/learning/v1/learning_service_pb.ts';
import { isIdleSwitch } from './delta-line.ts';

/** What a delta goes through until it is proven: a trial, then probation. */
export type Stage = 'trial' | 'probation';

/** What is told of a trial, or of the probation after it. */
export interface StageEvent {
  /** It is on, or is over. */
  readonly kind: 'on' | 'ended';
  readonly stage: Stage;
  /** The delta, as it stands now. */
  readonly delta: Delta;
  /** Its switches so far that left the value as it was. */
  readonly idleSwitches: number;
}

/** A client refuses a delta, which stays nevertheless. */
export interface RefusalEvent {
  readonly kind: 'refused';
  readonly delta: Delta;
  readonly refusal: Refusal;
}

export type TrialEvent = StageEvent | RefusalEvent;

export interface TrialFollowerOptions {
  readonly client: LearningClient;
  /** Of the deltas; empty: all. */
  readonly types: readonly DeltaType[];
  readonly onEvent: (event: TrialEvent) => Promise<void>;
}

/** How often trials are looked for: the stream does not tell of them, only of their switches. */
const LOOK_MS = 2000;

/** What is known of a delta that is followed. */
interface Followed {
  readonly stage: Stage;
  /** It was told that the stage has begun. */
  readonly isTold: boolean;
}

/**
 * Follows trials and probations, and reports when each begins, how it ends, and which clients refuse
 * its delta; of confirmed deltas, only refusals. What ends while the sidecar is unreachable is
 * reported after reconnection.
 */
export class TrialFollower {
  readonly #options: TrialFollowerOptions;
  /** Deltas on trial or on probation, as far as is known. */
  readonly #followed = new Map<string, Followed>();
  /** Deltas for which both are over: the stream may name them again. */
  readonly #over = new Set<string>();
  /** The clients whose refusals were told, by delta. */
  #refusers = new Map<string, ReadonlySet<string>>();
  readonly #idleSwitches = new Map<string, number>();
  #woken = new AbortController();

  constructor(options: TrialFollowerOptions) {
    this.#options = options;
  }

  /** Takes in what the stream tells: it may be of a trial that is over before the next look. */
  note({ event }: StreamDeltasResponse): void {
    if (event.case === 'heartbeat') return;
    if (event.case === 'delta') {
      const { deltaId, trialDeltaId, revertsDeltaId } = event.value;
      const isNew = trialDeltaId !== '' && this.#follow(trialDeltaId, 'trial');
      if (isIdleSwitch(event.value) && this.#followed.has(trialDeltaId)) {
        this.#idleSwitches.set(trialDeltaId, (this.#idleSwitches.get(trialDeltaId) ?? 0) + 1);
      }
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
  #follow(deltaId: string, stage: Stage): boolean {
    if (this.#over.has(deltaId) || this.#followed.has(deltaId)) return false;
    this.#followed.set(deltaId, { stage, isTold: false });
    return true;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const call = { deadlineMs: ANSWER_MS, signal };
    try {
      const { deltas } = await this.#options.client.listDeltas({ states: STATES }, call);
      for (const delta of deltas) {
        const stage = stageOf(delta);
        if (stage !== undefined) this.#follow(delta.deltaId, stage);
      }
      for (const [deltaId, followed] of this.#followed) {
        const listed = deltas.find((delta) => delta.deltaId === deltaId);
        await this.#tell(deltaId, followed, listed ?? (await this.#ask(deltaId, call)));
      }
      await this.#tellRefusals(deltas);
    } catch (error) {
      // The reader of the stream says what is wrong with the connection.
      if (!isServiceError(error)) throw error;
    }
  }

  /** `undefined`: nobody knows it any more. */
  async #ask(deltaId: string, call: { deadlineMs: number; signal: AbortSignal }) {
    try {
      return (await this.#options.client.getDeltaStatus({ deltaId }, call)).delta;
    } catch (error) {
      if (isServiceError(error) && error.code === status.NOT_FOUND) return undefined;
      throw error;
    }
  }

  async #tell(deltaId: string, { stage, isTold }: Followed, delta: Delta | undefined) {
    const { onEvent } = this.#options;
    const now = delta === undefined ? undefined : stageOf(delta);
    const kind = now === stage ? 'on' : 'ended';
    const isNews = kind === 'ended' || !isTold;
    if (delta !== undefined && isNews && this.#isMeant(delta)) {
      const idleSwitches = this.#idleSwitches.get(deltaId) ?? 0;
      await onEvent({ kind, stage, delta, idleSwitches });
    }
    if (kind === 'ended') this.#idleSwitches.delete(deltaId);
    // How a trial ended tells that its delta is on probation.
    if (now !== undefined) this.#followed.set(deltaId, { stage: now, isTold: true });
    else {
      this.#followed.delete(deltaId);
      this.#over.add(deltaId);
    }
  }

  async #tellRefusals(deltas: readonly Delta[]): Promise<void> {
    const told = this.#refusers;
    this.#refusers = new Map(
      deltas.map(({ deltaId, refusals }) => [
        deltaId,
        new Set(refusals.map(({ clientId }) => clientId)),
      ]),
    );
    for (const delta of deltas.filter((one) => this.#isMeant(one))) {
      for (const refusal of delta.refusals) {
        if (told.get(delta.deltaId)?.has(refusal.clientId)) continue;
        await this.#options.onEvent({ kind: 'refused', delta, refusal });
      }
    }
  }

  #isMeant({ type }: Delta): boolean {
    const { types } = this.#options;
    return types.length === 0 || types.includes(type);
  }
}

const STATES = [DeltaState.TRIAL, DeltaState.PROVISIONAL, DeltaState.CONFIRMED];

/** What was put in force untried is PROVISIONAL from the start, and on trial until it has helped. */
function stageOf({ state, effect }: Delta): Stage | undefined {
  if (state === DeltaState.TRIAL) return 'trial';
  if (state !== DeltaState.PROVISIONAL) return undefined;
  return effect?.verdict === Verdict.HELPED ? 'probation' : 'trial';
}
