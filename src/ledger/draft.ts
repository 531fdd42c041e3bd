import { bornDelta, type Delta } from '../domain/delta.ts';
import type { Task } from '../domain/task.ts';
import type { DeltaEvent, LedgerEvent, StoredEvent } from './event.ts';
import { copyHead, foldHead, type Head } from './head.ts';
import type { Addition, LedgerState } from './state.ts';
import type { LedgerView } from './view.ts';

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
  /** The tasks of the last event, where that is one of tasks. */
  #openBatch: Task[] | undefined;

  constructor(base: LedgerState, head: Head = copyHead(base.head)) {
    this.#base = base;
    this.head = head;
  }

  /** Appends an event to the log. */
  append(event: LedgerEvent): void {
    foldHead(this.head, event, this.#subjectOf(event));
    this.#foldDetails(event);
    if (event.kind === 'tasks_recorded') {
      this.#appendTasks(event.tasks);
      return;
    }
    this.#openBatch = undefined;
    this.#push(event);
  }

  /** One row for all tasks that arrive together: what makes a durable task affordable. */
  #appendTasks(tasks: readonly Task[]): void {
    if (this.#openBatch === undefined) {
      this.#openBatch = [];
      this.#push({ kind: 'tasks_recorded', tasks: this.#openBatch });
    }
    for (const task of tasks) this.#openBatch.push(task);
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

  acknowledged(clientId: string): number {
    return this.#clients.get(clientId) ?? this.#base.acknowledged(clientId);
  }

  /** Deltas as they stand after this commit. */
  changedDeltas(): Iterable<Delta> {
    return this.#deltas.values();
  }

  #subjectOf(event: LedgerEvent): Delta | undefined {
    return 'deltaId' in event ? this.delta(event.deltaId) : undefined;
  }

  #foldDetails(event: LedgerEvent): void {
    switch (event.kind) {
      case 'tasks_recorded':
        for (const task of event.tasks) {
          this.#tasks.push(task);
          if (task.taskId === '') continue;
          this.#idsAdded += 1;
          this.#ids.set(task.taskId, this.#idsAdded);
        }
        break;
      case 'delta_acknowledged':
        this.#clients.set(event.clientId, event.sequence);
        break;
      case 'delta_proposed':
      case 'delta_applied':
      case 'delta_rejected':
      case 'delta_expired':
      case 'delta_reverted':
        this.#foldDelta(event);
        break;
      case 'parameters_declared':
      case 'metrics_reported':
      case 'cycle_completed':
        break;
    }
  }

  #foldDelta(event: DeltaEvent): void {
    const former = event.kind === 'delta_proposed' ? undefined : this.delta(event.deltaId);
    const delta = foldDelta(former, event);
    if (delta === undefined) return;
    // One that no longer waits counts as new: see `LedgerState`.
    if (former?.state === 'proposed') this.#deltas.delete(delta.deltaId);
    this.#deltas.set(delta.deltaId, delta);
    if (event.kind === 'delta_applied') this.applied.push(delta);
  }
}

/** A delta after an event; `undefined` where the event's delta is not known. */
function foldDelta(delta: Delta | undefined, event: DeltaEvent): Delta | undefined {
  if (event.kind === 'delta_proposed') return bornDelta(event.proposal, event.ordinal);
  if (delta === undefined) return undefined;
  switch (event.kind) {
    case 'delta_applied':
      return {
        ...delta,
        state: 'applied',
        oldValue: event.oldValue,
        sequence: event.sequence,
        applyTimeMs: event.timeMs,
        replacedValue: event.replacedValue,
        expireTimeMs: undefined,
        summary: event.summary,
      };
    case 'delta_rejected':
      return { ...delta, state: 'rejected', expireTimeMs: undefined, summary: event.summary };
    case 'delta_expired':
      return { ...delta, state: 'expired', expireTimeMs: undefined, summary: event.summary };
    case 'delta_reverted':
      return { ...delta, state: 'reverted', summary: event.summary };
  }
}
