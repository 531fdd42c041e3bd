import { setTimeout as delay } from 'node:timers/promises';
import { LearningAdminService } from '../gen/learning/v1/admin_service_pb.ts';
import { Arm, LearningService } from '../gen/learning/v1/learning_service_pb.ts';
import type { ServiceClient } from '../wire/client.ts';
import { Calls } from './calls.ts';
import {
  answersTo,
  type Change,
  changeOf,
  type DeltaAnswer,
  type Refusal,
  refusalOf,
  withFormer,
} from './change.ts';
import { type LearningClient, openClient, RETRIES } from './channel.ts';
import { failureOf } from './failure.ts';
import { OutageLog } from './log.ts';
import type {
  LearningSidecarOptions,
  MetricsReport,
  RecordOutcome,
  TaskSettings,
  TaskToRun,
} from './options.ts';
import { openTarget, type Target } from './target.ts';
import { createTask, type TaskReport } from './task-report.ts';
import { type Values, valuesOf } from './values.ts';

const ACKNOWLEDGE_MS = 5000;

/**
 * The client of an orchestrator. Follows the settings across restarts and outages, keeps the newest ones while the
 * sidecar is unreachable, and sends tasks until they are durable. Failures of the sidecar or the network never throw.
 */
export class LearningSidecar {
  /** The raw calls of LearningService. */
  readonly service: LearningClient;
  readonly #target: Target;
  readonly #options: LearningSidecarOptions;
  readonly #log: OutageLog;
  readonly #calls: Calls;
  readonly #over = new AbortController();
  readonly #pending = new Set<Promise<RecordOutcome>>();
  #admin: ServiceClient<typeof LearningAdminService> | undefined;
  #following: Promise<void> | undefined;
  #parameters: Values;
  #sequence = 0n;
  #dropped = 0;

  /** Throws an `AccessError` for an invalid target or file, and a `TypeError` for an invalid `clientId`. */
  constructor(options: LearningSidecarOptions) {
    const { clientId, defaults = {}, log } = options;
    // The sidecar would refuse the stream of such a client for ever.
    if (!clientId.isWellFormed() || Buffer.byteLength(clientId) > 256) {
      throw new TypeError('clientId: expected a text of at most 256 bytes');
    }
    this.#options = options;
    this.#parameters = defaults;
    this.#log = new OutageLog(log);
    this.#calls = new Calls(this.#over.signal, this.#log);
    this.#target = openTarget(options);
    this.service = openClient(LearningService, this.#target, RETRIES);
  }

  /** The raw calls of LearningAdminService. */
  get admin(): ServiceClient<typeof LearningAdminService> {
    this.#admin ??= openClient(LearningAdminService, this.#target);
    return this.#admin;
  }

  /** The live settings. */
  get parameters(): Values {
    return this.#parameters;
  }

  /** The sequence of the newest message; 0 before the first. */
  get sequence(): bigint {
    return this.#sequence;
  }

  /** Tasks dropped because too many were pending, or the client was closed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Applies the sidecar's settings, until `close`. */
  follow(): void {
    this.#following ??= this.#follow();
  }

  /** The settings for a task; the newest known ones if the sidecar does not answer within 500 ms. */
  async resolve(task: TaskToRun = {}): Promise<TaskSettings> {
    const request = { ...task, clientId: this.#options.clientId };
    const answer = await this.#calls.attempt('settings', this.service.resolveParameters, request);
    const { deltaSequence = this.#sequence, arm = Arm.UNSPECIFIED } = answer ?? {};
    const parameters = answer === undefined ? this.#parameters : valuesOf(answer.parameters);
    return { parameters, deltaSequence, arm, isFallback: answer === undefined };
  }

  /** Sends a finished task until it is durable. The outcome need not be awaited; it never rejects. */
  record(report: TaskReport): Promise<RecordOutcome> {
    const { maxPending = 1000 } = this.#options;
    const isFull = this.#pending.size >= maxPending;
    if (isFull) this.#log.outage('full', `${maxPending} tasks are pending: others are dropped`);
    else this.#log.over('full');
    if (isFull || this.#over.signal.aborted) return Promise.resolve(this.#drop());
    const outcome = this.#record(report).finally(() => this.#pending.delete(outcome));
    this.#pending.add(outcome);
    return outcome;
  }

  /** Reports this client's metrics; resolves to whether the sidecar took them within 500 ms. */
  async reportMetrics(report: MetricsReport): Promise<boolean> {
    const metrics = { ...report, clientId: report.clientId || this.#options.clientId };
    const answer = await this.#calls.attempt('metrics', this.service.reportMetrics, { metrics });
    return answer !== undefined;
  }

  /** Waits up to `timeoutMs` for pending tasks, drops the rest, and closes the connection. */
  async close({ timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const timeout = delay(timeoutMs, undefined, this.#over).catch(() => {});
    await Promise.race([Promise.all(this.#pending), timeout]);
    this.#over.abort();
    await Promise.all(this.#pending);
    this.service.close();
    this.#admin?.close();
  }

  async #follow(): Promise<void> {
    while (!this.#over.signal.aborted) {
      const failure = await this.#read().catch((error: unknown) => failureOf(error, 'UNKNOWN'));
      if (this.#over.signal.aborted) return;
      this.#log.outage('stream', 'no stream of settings: trying again', failure);
      await this.#calls.pause();
    }
  }

  /** Reads one stream. It begins with a snapshot, as the request names no sequence to resume after. */
  async #read(): Promise<undefined> {
    const { signal } = this.#over;
    const stream = this.service.streamDeltas({ clientId: this.#options.clientId }, { signal });
    // The stream also emits its error after the iteration below has ended.
    stream.on('error', () => {});
    try {
      for await (const message of stream) {
        const change = changeOf(this.#parameters, message);
        if (change !== undefined) await this.#apply(change);
        this.#sequence = message.sequence;
        this.#log.over('stream');
      }
      return undefined;
    } finally {
      stream.cancel();
    }
  }

  /** Applies a change, and acknowledges or refuses each of its deltas. */
  async #apply(change: Change): Promise<void> {
    let refusal: Refusal | undefined;
    try {
      await this.#options.onChange?.(change);
    } catch (cause) {
      refusal = refusalOf(cause, change);
      this.#log.write(`${refusal.names} refused: ${refusal.error.message}`);
    }
    this.#parameters = withFormer(change.parameters, this.#parameters, refusal?.names ?? []);
    for (const answer of answersTo(change, refusal)) void this.#answer(answer);
  }

  async #answer(answer: DeltaAnswer): Promise<void> {
    const { ackDelta } = this.service;
    const request = { ...answer, clientId: this.#options.clientId };
    try {
      // An acknowledgement is sent once: if it is lost, the next one covers it.
      if (answer.error !== undefined) await this.#calls.persist('refusals', ackDelta, request);
      else await this.#calls.attempt('acknowledgement', ackDelta, request, ACKNOWLEDGE_MS);
    } catch (cause) {
      if (this.#over.signal.aborted) return;
      this.#log.write(`the refusal of ${answer.deltaId} was not taken`, failureOf(cause));
    }
  }

  async #record(report: TaskReport): Promise<RecordOutcome> {
    try {
      const request = { task: createTask(report), clientId: this.#options.clientId };
      const { duplicate } = await this.#calls.persist('tasks', this.service.recordTask, request);
      return { kind: duplicate ? 'duplicate' : 'recorded' };
    } catch (cause) {
      if (this.#over.signal.aborted) return this.#drop();
      const failure = failureOf(cause);
      this.#log.write(`task ${report.taskId} was refused`, failure);
      return { kind: 'refused', failure };
    }
  }

  #drop(): RecordOutcome {
    this.#dropped += 1;
    return { kind: 'dropped' };
  }
}
