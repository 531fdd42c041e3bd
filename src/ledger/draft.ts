import type { Delta } from '../domain/delta.ts';
import type { MetricsReport } from '../domain/metrics.ts';
import type { Task } from '../domain/task.ts';
import type { Evidence } from '../trial/evidence/evidence.ts';
import type { Receipt } from '../trial/receipt.ts';
import type { Trial } from '../trial/trial.ts';
import type {
  DeltaEvent,
  LedgerEvent,
  MetricsReported,
  StoredEvent,
  TrialAdvanced,
} from './event.ts';
import { foldDelta, isOpen } from './fold-delta.ts';
import { copyHead, foldHead, type Head } from './head.ts';
import { type AwaitedAck, FollowUps, type Observation } from './pending-work.ts';
import type { Addition, LedgerState } from './state.ts';
import { type LedgerView, trialOf } from './view.ts';

/**
 * What one commit will add to the committed state: an overlay. It can be thrown away without a
 * trace, and nobody but the decisions of its own commit sees it.
 */
export class Draft implements LedgerView, Addition {
  readonly head: Head;
  readonly events: StoredEvent[] = [];
  /** Deltas put in force, in order, as they were then. */
  readonly applied: Delta[] = [];
  readonly #base: LedgerState;
  readonly #tasks: Task[] = [];
  /** Each new id with its place among the new ones: 1, 2, 3 … */
  readonly #ids = new Map<string, number>();
  #idsAdded = 0;
  readonly #deltas = new Map<string, Delta>();
  readonly #clients = new Map<string, number>();
  /** Of clients that name themselves. */
  readonly #metrics = new Map<string, MetricsReport>();
  readonly followUps: FollowUps;
  /** The tasks and the receipts of the newest rows, while more may be put into them. */
  #openBatch: Task[] | undefined;
  #openReceipts: { readonly deltaId: string; readonly receipts: Receipt[] } | undefined;

  constructor(base: LedgerState, head: Head = copyHead(base.head)) {
    this.#base = base;
    this.head = head;
    this.followUps = new FollowUps(base.followUps);
  }

  /** Appends an event to the log. */
  append(event: LedgerEvent): void {
    const trial = 'deltaId' in event ? trialOf(this, event.deltaId) : undefined;
    foldHead(this.head, event, this.#subjectOf(event), trial);
    this.#foldDetails(event);
    if (event.kind === 'tasks_recorded') this.#appendTasks(event.tasks);
    else if (event.kind === 'trial_advanced') this.#appendReceipts(event.deltaId, event.receipts);
    else {
      this.#openBatch = undefined;
      this.#openReceipts = undefined;
      this.#push(event);
    }
  }

  /** One row for all tasks that arrive together: what makes a durable task affordable. */
  #appendTasks(tasks: readonly Task[]): void {
    if (this.#openBatch === undefined) {
      this.#openBatch = [];
      this.#push({ kind: 'tasks_recorded', tasks: this.#openBatch });
    }
    for (const task of tasks) this.#openBatch.push(task);
  }

  /** One row for what a trial takes in together: its order against tasks does not matter. */
  #appendReceipts(deltaId: string, receipts: readonly Receipt[]): void {
    // A part of a holdback has rows of its own: they are dropped together.
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

  /** Takes up an event that the head has folded already: for opening a ledger. */
  replay(stored: StoredEvent): void {
    this.#foldDetails(stored.event);
    this.events.push(stored);
  }

  /** How many events, and tasks in them, there are. */
  get size(): number {
    return this.events.length + this.#tasks.length;
  }

  get trials(): readonly Trial[] {
    return this.followUps.trials;
  }

  carriedEvidence(change: string): Evidence | undefined {
    return this.followUps.carried(change);
  }

  observations(): readonly Observation[] {
    return this.followUps.observations;
  }

  awaitedAcks(): readonly AwaitedAck[] {
    return this.followUps.awaitedAcks;
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

  *pending(): Iterable<Delta> {
    for (const delta of this.#base.pending()) {
      if (!this.#deltas.has(delta.deltaId)) yield delta;
    }
    for (const delta of this.#deltas.values()) {
      if (delta.state === 'proposed') yield delta;
    }
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

  /** Deltas as they stand after this commit. */
  changedDeltas(): Iterable<Delta> {
    return this.#deltas.values();
  }

  #subjectOf(event: LedgerEvent): Delta | undefined {
    return 'deltaId' in event ? this.delta(event.deltaId) : undefined;
  }

  #foldDetails(event: LedgerEvent): void {
    const { unheld } = this.followUps;
    this.followUps.fold(event, this.#subjectOf(event));
    if (event.kind === 'delta_applied') this.#replaceConfirmed(unheld);
    switch (event.kind) {
      case 'tasks_recorded':
        for (const task of event.tasks) {
          this.#tasks.push(task);
          if (task.taskId !== '') this.#addId(task.taskId);
        }
        break;
      case 'task_ids_kept':
        for (const taskId of event.taskIds) this.#addId(taskId);
        break;
      case 'delta_acknowledged':
        this.#clients.set(event.clientId, event.sequence);
        break;
      case 'delta_proposed':
      case 'delta_applied':
      case 'delta_rejected':
      case 'delta_expired':
      case 'delta_reverted':
      case 'delta_refused':
      case 'delta_withdrawn':
      case 'delta_observed':
      case 'trial_advanced':
        this.#foldDelta(event);
        break;
      case 'metrics_reported':
        this.#noteMetrics(event);
        break;
      case 'parameters_declared':
      case 'parameters_retired':
      case 'cycle_completed':
      case 'trials_paused':
      case 'clock_set':
        break;
    }
  }

  #noteMetrics({ metrics: report, timeMs: reportTimeMs }: MetricsReported): void {
    const { clientId } = report;
    if (clientId !== undefined) this.#metrics.set(clientId, { report, reportTimeMs });
  }

  #addId(taskId: string): void {
    this.#idsAdded += 1;
    this.#ids.set(taskId, this.#idsAdded);
  }

  /** Confirmed deltas whose parameter was set are in force no longer. */
  #replaceConfirmed(former: FollowUps['unheld']): void {
    for (const one of former) {
      const delta = this.followUps.unheld.includes(one) ? undefined : this.delta(one.deltaId);
      if (delta?.state !== 'confirmed') continue;
      this.#deltas.set(delta.deltaId, { ...delta, state: 'applied' });
    }
  }

  #foldDelta(event: DeltaEvent | TrialAdvanced): void {
    const former = event.kind === 'delta_proposed' ? undefined : this.delta(event.deltaId);
    const delta = foldDelta(former, event);
    if (delta === undefined || delta === former) return;
    // One that is no longer open counts as new: see `LedgerState`.
    if (former !== undefined && isOpen(former)) this.#deltas.delete(delta.deltaId);
    this.#deltas.set(delta.deltaId, delta);
    if (event.kind === 'delta_applied') this.applied.push(delta);
  }
}

function has(receipts: readonly Receipt[], kind: Receipt['step']['step']): boolean {
  return receipts.some(({ step }) => step.step === kind);
}
