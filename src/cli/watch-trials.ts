import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { LearningClient } from '../client/channel.ts';
import { ANSWER_MS } from '../client/dial.ts';
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

/** The stages until a delta is proven: a trial, then probation. */
export type ProofStage = 'trial' | 'probation';

/** The beginning or end of a trial or a probation. */
export interface StageEvent {
  /** Whether it began or ended. */
  readonly kind: 'on' | 'ended';
  readonly stage: ProofStage;
  /** The delta as it is now. */
  readonly delta: Delta;
  /** The number of the trial's switches so far that left the value as it was. */
  readonly idleSwitches: number;
}

/** A client refuses a delta, which stays live. */
export interface RefusalEvent {
  readonly kind: 'refused';
  readonly delta: Delta;
  readonly refusal: Refusal;
}

export type TrialEvent = StageEvent | RefusalEvent;

export interface TrialFollowerOptions {
  readonly client: LearningClient;
  /** Types of deltas; all if empty. */
  readonly types: readonly DeltaType[];
  readonly onEvent: (event: TrialEvent) => Promise<void>;
}

/** The interval of polling for trials: the stream has their switches only. */
const LOOK_MS = 2000;

/** The known state of a delta. */
interface Followed {
  readonly stage: ProofStage;
  /** Whether the beginning of the stage was reported. */
  readonly isTold: boolean;
}

/**
 * Reports the beginning and end of each trial and probation, and refusals of deltas on trial, on probation or
 * confirmed. An end while the sidecar is unreachable is reported after reconnection.
 */
export class TrialFollower {
  readonly #options: TrialFollowerOptions;
  /** Deltas known to be on trial or on probation. */
  readonly #followed = new Map<string, Followed>();
  /** Deltas whose trial and probation have ended; the stream may name them again. */
  readonly #over = new Set<string>();
  /** The clients whose refusals were reported, by delta. */
  #refusers = new Map<string, ReadonlySet<string>>();
  readonly #idleSwitches = new Map<string, number>();
  #woken = new AbortController();

  constructor(options: TrialFollowerOptions) {
    this.#options = options;
  }

  /** Notes the trials that a message names: they may end before the next poll. */
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

  /** Polls for trials until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const either = AbortSignal.any([signal, this.#woken.signal]);
      await delay(LOOK_MS, undefined, { signal: either }).catch(() => {});
      this.#woken = new AbortController();
      if (!signal.aborted) await this.#look(signal);
    }
  }

  /** Begins to follow a delta; returns whether the delta was not known yet. */
  #follow(deltaId: string, stage: ProofStage): boolean {
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
      // The reader of the stream reports the connection's failure.
      if (!isServiceError(error)) throw error;
    }
  }

  /** The delta as it is now; `undefined` if the sidecar no longer has it. */
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
    // The event of a trial's end shows that the delta is on probation, so the probation's beginning is not reported.
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

/** The stage of a delta. One applied before its trial is PROVISIONAL from the start, and on trial until it HELPED. */
function stageOf({ state, effect }: Delta): ProofStage | undefined {
  if (state === DeltaState.TRIAL) return 'trial';
  if (state !== DeltaState.PROVISIONAL) return undefined;
  return effect?.verdict === Verdict.HELPED ? 'probation' : 'trial';
}
