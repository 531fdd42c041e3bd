import type { Delta } from '../domain/delta.ts';
import type { MetricsReport } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { Receipt } from '../trial/receipt.ts';
import type { Trial } from '../trial/trial.ts';
import type { LedgerEvent, StoredEvent } from './event.ts';
import { byOrdinal, foldDelta, isOpen } from './fold-delta.ts';
import { copyHead, foldHead, type Head } from './head.ts';
import { PendingWork } from './pending-work.ts';
import { ignore, type Projection, project } from './projection.ts';
import type { Addition, LedgerState } from './state.ts';
import { type LedgerView, trialOf } from './view.ts';

/**
 * What one commit will add to the committed state: an overlay that can be discarded. Only the decisions of this commit
 * see it.
 */
export class Draft implements LedgerView, Addition {
  readonly head: Head;
  readonly events: StoredEvent[] = [];
  /** The deltas that this commit applies, in order, as they are when applied. */
  readonly applied: Delta[] = [];
  readonly #base: LedgerState;
  readonly #tasks: Task[] = [];
  /** Each new task id with its number among the new ids: 1, 2, 3 … */
  readonly #ids = new Map<string, number>();
  #idsAdded = 0;
  readonly #deltas = new Map<string, Delta>();
  readonly #clients = new Map<string, number>();
  readonly changedWhileOpen = new Set<string>();
  /** The newest reports of clients that name themselves. */
  readonly #metrics = new Map<string, MetricsReport>();
  readonly pendingWork: PendingWork;
  /** The lists of tasks and of receipts in the newest rows, as long as more may be added to them. */
  #openBatch: Task[] | undefined;
  #openReceipts: { readonly deltaId: string; readonly receipts: Receipt[] } | undefined;

  constructor(base: LedgerState, head: Head = copyHead(base.head)) {
    this.#base = base;
    this.head = head;
    this.pendingWork = new PendingWork(base.pendingWork);
  }

  /** Appends an event to the log. */
  append(event: LedgerEvent): void {
    const delta = this.#subjectOf(event);
    const trial = 'deltaId' in event ? trialOf(this, event.deltaId) : undefined;
    foldHead(this.head, event, delta, trial);
    this.#foldDetails(event, delta);
    if (event.kind === 'tasks_recorded') this.#appendTasks(event.tasks);
    else if (event.kind === 'trial_advanced') this.#appendReceipts(event.deltaId, event.receipts);
    else {
      this.#openBatch = undefined;
      this.#openReceipts = undefined;
      this.#push(event);
    }
  }

  /** Adds tasks to one row for all that arrive together: this makes durable tasks affordable. */
  #appendTasks(tasks: readonly Task[]): void {
    if (this.#openBatch === undefined) {
      this.#openBatch = [];
      this.#push({ kind: 'tasks_recorded', tasks: this.#openBatch });
    }
    for (const task of tasks) this.#openBatch.push(task);
  }

  /** Adds receipts to one row for all that a trial takes in together: their order among tasks does not matter. */
  #appendReceipts(deltaId: string, receipts: readonly Receipt[]): void {
    // Each part of a holdback has rows of its own, so that they can be dropped together.
    if (this.#openReceipts?.deltaId !== deltaId || has(receipts, 'renew')) {
      this.#openReceipts = { deltaId, receipts: [] };
      this.#push({ kind: 'trial_advanced', ...this.#openReceipts });
    }
    this.#openReceipts.receipts.push(...receipts);
    if (has(receipts, 'confirm')) this.#openReceipts = undefined;
  }

  #push(event: LedgerEvent): void {
    this.head.position += 1;
    this.events.push({ position: this.head.position, event });
  }

  /** Folds a stored event, which the head already contains, when a ledger is opened. */
  replay(stored: StoredEvent): void {
    this.#foldDetails(stored.event, this.#subjectOf(stored.event));
    this.events.push(stored);
  }

  /** The number of events plus the number of tasks in them. */
  get size(): number {
    return this.events.length + this.#tasks.length;
  }

  get trials(): readonly Trial[] {
    return this.pendingWork.trials;
  }

  get taskCount(): number {
    return Math.min(this.#base.taskCount + this.#tasks.length, this.#base.retention.historyLimit);
  }

  newestTasks(count: number): readonly Task[] {
    const wanted = Math.min(count, this.taskCount);
    if (this.#tasks.length === 0) return this.#base.newestTasks(wanted);
    if (this.#tasks.length >= wanted) return this.#tasks.slice(this.#tasks.length - wanted);
    return [...this.#base.newestTasks(wanted - this.#tasks.length), ...this.#tasks];
  }

  hasTaskId(taskId: string): boolean {
    const place = this.#ids.get(taskId);
    if (place !== undefined) return place > this.#idsAdded - this.#base.retention.dedupWindow;
    return this.#base.hasTaskId(taskId, this.#idsAdded);
  }

  delta(deltaId: string): Delta | undefined {
    return this.#deltas.get(deltaId) ?? this.#base.delta(deltaId);
  }

  pending(): Iterable<Delta> {
    if (this.#deltas.size === 0) return this.#base.pending();
    const unchanged = [...this.#base.pending()].filter(({ deltaId }) => !this.#deltas.has(deltaId));
    const changed = [...this.#deltas.values()].filter(({ state }) => state === 'proposed');
    return [...unchanged, ...changed].sort(byOrdinal);
  }

  metricsOf(clientId: string | undefined): MetricsReport | undefined {
    if (clientId === undefined) return this.head.metrics ?? undefined;
    return this.#metrics.get(clientId) ?? this.#base.metricsOf(clientId);
  }

  *metricsReports(): Iterable<MetricsReport> {
    if (this.head.metrics !== null) yield this.head.metrics;
    yield* this.#metrics.values();
    for (const [clientId, report] of this.#base.namedMetrics()) {
      if (!this.#metrics.has(clientId)) yield report;
    }
  }

  acknowledged(clientId: string): number {
    return this.#clients.get(clientId) ?? this.#base.acknowledged(clientId);
  }

  *clientsBeyond(sequence: number): Iterable<string> {
    for (const [clientId, acknowledged] of this.#clients) {
      if (acknowledged >= sequence) yield clientId;
    }
    for (const clientId of this.#base.clientsBeyond(sequence)) {
      if (!this.#clients.has(clientId)) yield clientId;
    }
  }

  /** The deltas that this commit changes, as they are after it. */
  changedDeltas(): Iterable<Delta> {
    return this.#deltas.values();
  }

  #subjectOf(event: LedgerEvent): Delta | undefined {
    return 'deltaId' in event ? this.delta(event.deltaId) : undefined;
  }

  #foldDetails(event: LedgerEvent, delta: Delta | undefined): void {
    const { unprovenConfirmed } = this.pendingWork;
    this.pendingWork.fold(event, delta);
    if (event.kind === 'delta_applied') this.#replaceConfirmed(unprovenConfirmed);
    this.#foldDelta(event);
    project(Draft.#projection, event, this);
  }

  #addId(taskId: string): void {
    this.#idsAdded += 1;
    this.#ids.set(taskId, this.#idsAdded);
  }

  /** Makes confirmed deltas `applied` once their parameter is set again. */
  #replaceConfirmed(former: PendingWork['unprovenConfirmed']): void {
    for (const one of former) {
      const delta = this.pendingWork.unprovenConfirmed.includes(one)
        ? undefined
        : this.delta(one.deltaId);
      if (delta?.state !== 'confirmed') continue;
      this.#deltas.set(delta.deltaId, { ...delta, state: 'applied' });
    }
  }

  #foldDelta(event: LedgerEvent): void {
    const former = this.#subjectOf(event);
    const delta = foldDelta(former, event);
    if (delta === undefined || delta === former) return;
    // A delta that changes while it is open moves to the end: see `LedgerState`.
    if (former !== undefined && isOpen(former)) {
      this.#deltas.delete(delta.deltaId);
      this.changedWhileOpen.add(delta.deltaId);
    }
    this.#deltas.set(delta.deltaId, delta);
    if (event.kind === 'delta_applied') this.applied.push(delta);
  }

  static readonly #projection: Projection<[draft: Draft]> = {
    tasks_recorded({ tasks }, draft) {
      for (const task of tasks) {
        draft.#tasks.push(task);
        if (task.taskId !== '') draft.#addId(task.taskId);
      }
    },
    task_ids_kept({ taskIds }, draft) {
      for (const taskId of taskIds) draft.#addId(taskId);
    },
    metrics_reported({ metrics: report, timeMs: reportTimeMs }, draft) {
      const { clientId } = report;
      if (clientId !== undefined) draft.#metrics.set(clientId, { report, reportTimeMs });
    },
    delta_acknowledged({ clientId, sequence }, draft) {
      draft.#clients.set(clientId, sequence);
    },
    delta_proposed: ignore,
    delta_applied: ignore,
    delta_rejected: ignore,
    delta_expired: ignore,
    delta_reverted: ignore,
    delta_refused: ignore,
    delta_withdrawn: ignore,
    delta_observed: ignore,
    trial_advanced: ignore,
    parameters_declared: ignore,
    parameters_retired: ignore,
    trials_paused: ignore,
    search_advanced: ignore,
    cycle_completed: ignore,
    clock_set: ignore,
  };
}

function has(receipts: readonly Receipt[], kind: Receipt['step']['step']): boolean {
  return receipts.some(({ step }) => step.step === kind);
}
