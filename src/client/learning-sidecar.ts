import type { MessageInitShape } from '@bufbuild/protobuf';
import { LearningAdminService } from '../gen/learning/v1/admin_service_pb.ts';
import {
  Arm,
  LearningService,
  type StreamDeltasResponse,
} from '../gen/learning/v1/learning_service_pb.ts';
import type { CoordinationMetricsSchema, Task } from '../gen/learning/v1/task_pb.ts';
import type { ServiceClient } from '../wire/client.ts';
import { Acknowledger } from './acknowledger.ts';
import { createBackoff } from './backoff.ts';
import { type Change, refusalOf } from './change.ts';
import { type LearningClient, openClient } from './channel.ts';
import { readDeltas } from './delta-reader.ts';
import { type ClientEnvironment, MACHINE, pause } from './environment.ts';
import { failureOf, isAway, readFailure, refusalOfStream } from './failure.ts';
import { checkOptions, type LearningSidecarOptions } from './options.ts';
import { openTarget, type Target } from './target.ts';
import { type RecordOutcome, TaskQueue } from './task-queue.ts';
import { createTask, type TaskReport } from './task-report.ts';
import { type Values, valuesOf, withDelta } from './values.ts';
import { warn } from './warn.ts';

/** Default limit of tasks that wait for an unreachable sidecar: minutes of work, a few megabytes. */
const QUEUE_LIMIT = 10_000;

/** Concurrent RecordTask calls: the sidecar commits them together. */
const RECORD_WORKERS = 16;

/** A task that is not acknowledged by this deadline is sent again. */
const RECORD_DEADLINE_MS = 5000;

/** Deadline for resolving parameters and reporting metrics. */
const BEST_EFFORT_MS = 500;

/** Default time that `close` waits for tasks. */
const CLOSE_TIMEOUT_MS = 5000;

/** Coordination metrics at one moment. */
export type MetricsReport = MessageInitShape<typeof CoordinationMetricsSchema>;

/** Settings for a task. */
export interface TaskSettings {
  readonly parameters: Values;
  /** Send it as the task's `deltaSequence`. */
  readonly deltaSequence: bigint;
  /** The task's arm in the current trial. */
  readonly arm: Arm;
  /** Whether the sidecar did not answer in time: these are the newest known parameters. */
  readonly isFallback: boolean;
}

/**
 * The client of an orchestrator. Follows deltas across restarts and outages, keeps the newest settings while
 * the sidecar is unreachable, and sends tasks until they are durable. Failures of the sidecar or the network
 * never throw.
 */
export class LearningSidecar {
  /** The raw calls of LearningService. */
  readonly service: LearningClient;
  readonly #target: Target;
  readonly #options: LearningSidecarOptions;
  readonly #environment: ClientEnvironment;
  readonly #queue: TaskQueue<Task>;
  readonly #acknowledger: Acknowledger;
  readonly #over = new AbortController();
  #admin: ServiceClient<typeof LearningAdminService> | undefined;
  #following: Promise<void> | undefined;
  #parameters: Values;
  #sequence = 0n;

  /**
   * Throws an `AccessError` if the target is invalid or a certificate or token cannot be read, and a
   * `TypeError` for any other invalid option.
   */
  constructor(options: LearningSidecarOptions) {
    const { clientId, defaults = {}, environment = MACHINE, queueLimit = QUEUE_LIMIT } = options;
    checkOptions({ clientId, queueLimit });
    this.#options = options;
    this.#environment = environment;
    this.#parameters = defaults;
    this.#target = openTarget(options);
    this.service = openClient(LearningService, this.#target);
    this.#queue = new TaskQueue({
      send: (task, signal) =>
        this.service.recordTask({ task }, { deadlineMs: RECORD_DEADLINE_MS, signal }),
      onWaiting: ({ taskId }, failure) => this.#report(`${taskId} waits for a token`, failure),
      onFull: () =>
        this.#report(`more than ${queueLimit} tasks wait: the oldest are dropped`, undefined),
      limit: queueLimit,
      workers: RECORD_WORKERS,
      environment,
    });
    this.#acknowledger = new Acknowledger({
      client: this.service,
      clientId,
      environment,
      signal: this.#over.signal,
      onRefused: (failure) => this.#report('an acknowledgement was refused', failure),
      onWaiting: (failure) => this.#report('an acknowledgement waits for a token', failure),
    });
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

  /** The sequence of the newest delta; 0 if there is none, or before the first answer of the sidecar. */
  get sequence(): bigint {
    return this.#sequence;
  }

  /** Tasks dropped because too many waited, or the client was closed. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Applies the defaults, and then the sidecar's settings, until `close`. */
  follow(): void {
    this.#following ??= this.#follow();
  }

  /** The settings for a task; the newest known ones if the sidecar does not answer within 500 ms. */
  async resolve(
    task: { readonly taskId?: string; readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<TaskSettings> {
    const { signal } = this.#over;
    try {
      const options = { deadlineMs: BEST_EFFORT_MS, signal };
      const { clientId } = this.#options;
      const answer = await this.service.resolveParameters({ ...task, clientId }, options);
      const { parameters, deltaSequence, arm } = answer;
      return { parameters: valuesOf(parameters), deltaSequence, arm, isFallback: false };
    } catch (error) {
      const failure = failureOf(error);
      if (!signal.aborted && !isAway(error)) this.#report('no settings for a task', failure);
      const arm = Arm.UNSPECIFIED;
      const deltaSequence = this.#sequence;
      return { parameters: this.#parameters, deltaSequence, arm, isFallback: true };
    }
  }

  /**
   * Records a finished task: sends it until it is durable. The outcome need not be awaited; it never
   * rejects.
   */
  async record(task: TaskReport): Promise<RecordOutcome> {
    let report: Task;
    try {
      report = createTask(task, this.#options.clientId, this.#environment.clock.now());
    } catch (error) {
      const failure = failureOf(error);
      this.#report('a task was refused', failure);
      return { kind: 'refused', failure };
    }
    const outcome = await this.#queue.add(report);
    if (outcome.kind === 'refused') this.#report(`${report.taskId} was refused`, outcome.failure);
    return outcome;
  }

  /**
   * Reports coordination metrics with a deadline of 500 ms and without retries: the next report replaces a
   * lost one. They are this client's unless they name another one. Resolves to whether the sidecar took them.
   */
  async reportMetrics(metrics: MetricsReport): Promise<boolean> {
    const { signal } = this.#over;
    try {
      const clientId = metrics.clientId || this.#options.clientId;
      const named = { ...metrics, clientId };
      await this.service.reportMetrics({ metrics: named }, { deadlineMs: BEST_EFFORT_MS, signal });
      return true;
    } catch (error) {
      if (!signal.aborted && !isAway(error))
        this.#report('metrics were not reported', readFailure(error) ?? error);
      return false;
    }
  }

  /** Waits up to `timeoutMs` for unrecorded tasks and for `onChange`, then closes the connection. */
  async close({ timeoutMs = CLOSE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    const { clock } = this.#environment;
    const end = clock.monotonic() + timeoutMs;
    await this.#queue.close(timeoutMs);
    this.#over.abort();
    const ended = new AbortController();
    const leftMs = Math.max(0, end - clock.monotonic());
    await Promise.race([this.#following, pause(clock, leftMs, ended.signal)]);
    ended.abort();
    this.service.close();
    this.#admin?.close();
  }

  async #follow(): Promise<void> {
    const { clock, random } = this.#environment;
    const { signal } = this.#over;
    const backoff = createBackoff(random);
    await this.#putInForce({ ...NOTHING, source: 'defaults', parameters: this.#parameters });
    while (!signal.aborted) {
      try {
        await this.#read();
      } catch (error) {
        this.#report('what the sidecar said could not be taken: starting over', error);
        await pause(clock, backoff.next(), signal);
      }
    }
  }

  /** Applies a snapshot and the deltas after it, until `close`. */
  async #read(): Promise<void> {
    const { clientId } = this.#options;
    const environment = this.#environment;
    const { signal } = this.#over;
    /** The refusal that was reported, until the next message. */
    let told: string | undefined;
    const options = { clientId, types: [], place: undefined, isPersistent: true };
    for await (const event of readDeltas(this.service, { ...options, environment, signal })) {
      switch (event.kind) {
        case 'message':
          told = undefined;
          await this.#take(event.message);
          break;
        case 'lost': {
          const { failure } = event;
          const refusal = refusalOfStream(failure);
          // Once per outage and reason.
          if (refusal !== told) this.#disconnected(failure);
          if (refusal !== told && refusal !== '')
            this.#report(
              `the stream is refused, and tried again: ${refusal}`,
              readFailure(failure),
            );
          told = refusal;
          break;
        }
        case 'ahead':
          this.#disconnected(event.failure);
          break;
        case 'gap':
          this.#report(`delta ${event.sequence} came after ${event.place.sequence}`, undefined);
      }
    }
  }

  async #take({ epoch, sequence, event }: StreamDeltasResponse): Promise<void> {
    const place = { ...NOTHING, epoch, sequence };
    if (event.case === 'snapshot') {
      const { outcome } = event.value;
      const parameters = valuesOf(event.value.parameters);
      await this.#putInForce({ ...place, source: 'snapshot', parameters, outcome });
    } else if (event.case === 'delta') {
      const delta = event.value;
      const parameters = withDelta(this.#parameters, delta);
      const error = await this.#putInForce({ ...place, source: 'delta', parameters, delta });
      const { deltaId } = delta;
      await this.#acknowledger.send(error ? { epoch, deltaId, error } : { epoch, deltaId });
    }
    this.#sequence = sequence;
  }

  /** Applies a change. Returns the reason if the orchestrator refuses it. */
  async #putInForce(change: Change): Promise<{ reason: string; message: string } | undefined> {
    const { source, parameters, delta } = change;
    try {
      await this.#options.onChange?.(change);
    } catch (error) {
      // A snapshot or a revert cannot be refused: there is no earlier value to restore.
      if (source === 'delta' && delta?.revertsDeltaId === '') return refusalOf(error);
      this.#report(`${NAMES[source]} could not be put in force`, error);
    }
    this.#parameters = parameters;
    return undefined;
  }

  #disconnected(error: unknown): void {
    const tell = async () => this.#options.onDisconnected?.(readFailure(error));
    tell().catch((cause) => this.#report('onDisconnected failed', cause));
  }

  #report(what: string, cause: unknown): void {
    const tell = async () => (this.#options.onProblem ?? warn)(what, cause);
    // A failing log must not stop the client.
    tell().catch(() => {});
  }
}

/** Names of changes that cannot be refused; the only such deltas are reverts. */
const NAMES = { defaults: 'the defaults', snapshot: 'a snapshot', delta: 'a revert' } as const;

const NOTHING = { epoch: '', sequence: 0n, outcome: undefined, delta: undefined } as const;
