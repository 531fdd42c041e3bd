import type { CycleRecord } from '../domain/cycle.ts';
import type { Delta } from '../domain/delta.ts';
import type { MetricsReport } from '../domain/metrics.ts';
import type { Retention } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { Trial } from '../trial/trial.ts';
import { DeltaRows } from './delta-rows.ts';
import type { LedgerEvent, StoredEvent, TrialAdvanced } from './event.ts';
import { byOrdinal, isOpen } from './fold-delta.ts';
import { emptyHead, type Head } from './head.ts';
import { HoldbackRows } from './holdback-rows.ts';
import { NewestByClient } from './newest-by-client.ts';
import { NewestProposals } from './newest-proposals.ts';
import { PendingWork } from './pending-work.ts';
import { type Projection, project } from './projection.ts';
import { type Forgotten, joined, RetainedTasks } from './retained-tasks.ts';
import { Ring } from './ring.ts';
import type { LedgerView } from './view.ts';

/** What a commit has added. */
export interface Addition {
  readonly head: Head;
  readonly events: readonly StoredEvent[];
  /** The deltas that the commit has changed, as they are after it. */
  changedDeltas(): Iterable<Delta>;
  /** Ids of the changed deltas that an event changed while they were open. */
  readonly changedWhileOpen: ReadonlySet<string>;
  /** The deltas that the commit has applied, in order, as they were when applied. */
  readonly applied: readonly Delta[];
  readonly pendingWork: PendingWork;
}

/** How many events are kept only for people to inspect: the head has their content (metrics, declarations). */
const RETAIN_HEAD_EVENTS = 100;

/** The maximum of live changes that a reader of a stream may fall behind by: see `Subscription`. */
export const MAX_BACKLOG = 256;

/**
 * Changes kept for open streams, even if fewer are retained: a reader that keeps pace must not be reset because one
 * commit applied more changes than are retained.
 */
const KEEP_FOR_STREAMS = 4 * MAX_BACKLOG;

/** About how many events one commit deletes from the store; those forgotten together are deleted together. */
const DROPPED_AT_ONCE = 1000;

/**
 * The committed state: a fold over the ledger's events, changed by `merge` only. What is beyond retention is
 * removed from memory at once, and from the store by the next commits (`takeForgotten`).
 */
export class LedgerState implements LedgerView {
  head: Head = emptyHead('');
  #retention: Retention;
  readonly #tasks = new RetainedTasks();
  readonly pendingWork = new PendingWork();
  /** In creation order, but a delta that is no longer open moves to the end: retention counts from its decision. */
  readonly #deltas = new Map<string, Delta>();
  readonly deltaRows = new DeltaRows();
  readonly #holdbackRows = new HoldbackRows();
  readonly #newest = new NewestProposals();
  /** Deltas that are open: see `isOpen`. */
  readonly #open = new Map<string, Delta>();
  /** Changes as they were when applied, without a gap up to the newest. */
  readonly #applied = new Ring<Delta>();
  readonly #cycles = new Ring<{ readonly cycle: CycleRecord; readonly position: number }>();
  /** The highest sequence that each client has acknowledged. */
  readonly #clients = new NewestByClient<{
    readonly sequence: number;
    readonly position: number;
  }>();
  readonly #metrics = new NewestByClient<MetricsReport & { readonly position: number }>();
  readonly #headEvents = new Ring<number>();
  #forgotten: Forgotten[] = [];

  constructor(retention: Retention) {
    this.#retention = retention;
  }

  get retention(): Retention {
    return this.#retention;
  }

  /** Changes how much is retained. */
  retain(retention: Retention): void {
    this.#retention = retention;
    this.#forget();
  }

  get taskCount(): number {
    return this.#tasks.count;
  }

  newestTasks(count: number): Task[] {
    return this.#tasks.newest(count);
  }

  /** @param newer the number of ids that a draft adds: as many of the oldest ones no longer count */
  hasTaskId(taskId: string, newer = 0): boolean {
    return this.#tasks.hasId(taskId, newer, this.#retention.dedupWindow);
  }

  delta(deltaId: string): Delta | undefined {
    return this.#deltas.get(deltaId);
  }

  /** The newest retained proposal of a rule. */
  newestOf(ruleId: string): Delta | undefined {
    return this.#newest.of(ruleId);
  }

  pending(): Iterable<Delta> {
    const proposed = [...this.#open.values()].filter(({ state }) => state === 'proposed');
    return proposed.sort(byOrdinal);
  }

  get trials(): readonly Trial[] {
    return this.pendingWork.trials;
  }

  metricsOf(clientId: string | undefined): MetricsReport | undefined {
    return clientId === undefined ? (this.head.metrics ?? undefined) : this.#metrics.get(clientId);
  }

  /** The newest report of each client that names itself. */
  namedMetrics(): Iterable<[string, MetricsReport]> {
    return this.#metrics;
  }

  *metricsReports(): Iterable<MetricsReport> {
    if (this.head.metrics !== null) yield this.head.metrics;
    for (const [, report] of this.#metrics) yield report;
  }

  acknowledged(clientId: string): number {
    return this.#clients.get(clientId)?.sequence ?? 0;
  }

  *clientsBeyond(sequence: number): Iterable<string> {
    for (const [clientId, acknowledged] of this.#clients) {
      if (acknowledged.sequence >= sequence) yield clientId;
    }
  }

  /** The change applied at `sequence`, as it was when applied; `undefined` if it is forgotten or does not exist yet. */
  appliedAt(sequence: number): Delta | undefined {
    return this.#applied.at(sequence - (this.head.sequence - this.#applied.length) - 1);
  }

  /** Deltas retained. */
  get deltaCount(): number {
    return this.#deltas.size;
  }

  /** The retained deltas, newest first. */
  *deltasNewestFirst(beforeOrdinal = Number.POSITIVE_INFINITY): Generator<Delta> {
    const byBirth = [...this.#deltas.values()].sort((a, b) => byOrdinal(b, a));
    for (const delta of byBirth) {
      if (delta.ordinal < beforeOrdinal) yield delta;
    }
  }

  /** The retained cycles, newest first. */
  *cyclesNewestFirst(beforeNumber = Number.POSITIVE_INFINITY): Generator<CycleRecord> {
    for (let i = this.#cycles.length - 1; i >= 0; i -= 1) {
      const entry = this.#cycles.at(i);
      if (entry !== undefined && entry.cycle.number < beforeNumber) yield entry.cycle;
    }
  }

  /** Adds what a commit has added; to be called once the commit is durable. */
  merge(addition: Addition): void {
    this.head = addition.head;
    for (const { position, event } of addition.events) {
      project(LedgerState.#projection, event, position, this);
    }
    this.pendingWork.merge(addition.pendingWork);
    for (const delta of addition.changedDeltas()) {
      if (addition.changedWhileOpen.has(delta.deltaId)) this.#deltas.delete(delta.deltaId);
      this.#mergeDelta(delta);
    }
    for (const delta of addition.applied) {
      if (delta.sequence > this.head.compactedThrough) this.#applied.push(delta);
    }
    this.#forget();
  }

  /** Takes out some events that the store may delete; the caller deletes them or returns them. */
  takeForgotten(): Forgotten {
    let count = 0;
    let dropped = 0;
    for (const { drop } of this.#forgotten) {
      if (dropped >= DROPPED_AT_ONCE) break;
      dropped += drop.length;
      count += 1;
    }
    return joined(this.#forgotten.splice(0, count));
  }

  /** Takes back events that were not deleted. */
  returnForgotten(forgotten: Forgotten): void {
    if (forgotten.drop.length > 0) this.#forgotten = [forgotten, ...this.#forgotten];
  }

  #drop(drop: readonly number[], kept: readonly StoredEvent[] = []): void {
    if (drop.length > 0) this.#forgotten.push({ drop, kept });
  }

  static #keepWithDelta(event: { deltaId: string }, position: number, state: LedgerState): void {
    state.deltaRows.add(event.deltaId, position);
  }

  static #keepWithHead(_: LedgerEvent, position: number, state: LedgerState): void {
    state.#headEvents.push(position);
  }

  #mergeReceipts({ deltaId, receipts }: TrialAdvanced, position: number): void {
    this.deltaRows.addReceipts(deltaId, position, receipts);
    const first = receipts[0]?.step.step;
    const dropped = this.#holdbackRows.add(deltaId, position, first === 'renew');
    if (receipts.at(-1)?.step.step === 'confirm') this.#holdbackRows.begin(deltaId);
    if (dropped.length === 0) return;
    this.#drop(dropped);
    this.deltaRows.remove(deltaId, dropped);
  }

  #mergeDelta(delta: Delta): void {
    this.#deltas.set(delta.deltaId, delta);
    if (isOpen(delta)) this.#open.set(delta.deltaId, delta);
    else this.#open.delete(delta.deltaId);
    this.#newest.note(delta);
  }

  #forget(): void {
    const { drop: ofTasks, kept } = this.#tasks.forget(this.#retention);
    this.#drop(ofTasks, kept);
    const drop: number[] = [];
    while (this.#cycles.length > this.#retention.retainCycles) {
      drop.push(this.#cycles.shift()?.position ?? 0);
    }
    while (this.#headEvents.length > RETAIN_HEAD_EVENTS) drop.push(this.#headEvents.shift() ?? 0);
    this.#drop([
      ...drop,
      ...this.#clients.forget(),
      ...this.#metrics.forget(),
      ...this.#forgetDeltas(),
    ]);
  }

  /** Forgets the oldest deltas, but none that is open or has an open trial. */
  #forgetDeltas(): number[] {
    const drop: number[] = [];
    let surplus = this.#deltas.size - this.#open.size - this.#retention.retainDeltas;
    const proven = new Set(surplus > 0 ? this.trials.map(({ plan }) => plan.deltaId) : []);
    for (const delta of this.#deltas.values()) {
      if (surplus <= 0) break;
      if (isOpen(delta) || proven.has(delta.deltaId)) continue;
      surplus -= 1;
      this.#deltas.delete(delta.deltaId);
      this.#newest.forget(delta);
      drop.push(...this.deltaRows.forget(delta.deltaId));
      this.pendingWork.forget(delta.deltaId);
      this.#holdbackRows.forget(delta.deltaId);
      this.head.compactedThrough = Math.max(this.head.compactedThrough, delta.sequence);
    }
    const retained = this.head.sequence - this.head.compactedThrough;
    while (this.#applied.length > Math.max(retained, KEEP_FOR_STREAMS)) this.#applied.shift();
    return drop;
  }

  /** Adds an event's content, and notes the event's position for its deletion. */
  static readonly #projection: Projection<[position: number, state: LedgerState]> = {
    tasks_recorded: ({ tasks }, position, state) => state.#tasks.addTasks(position, tasks),
    task_ids_kept: (event, position, state) => state.#tasks.addIds(position, event),
    metrics_reported({ metrics: report, timeMs: reportTimeMs }, position, state) {
      const { clientId } = report;
      if (clientId === undefined) state.#headEvents.push(position);
      else state.#drop(state.#metrics.add(clientId, { report, reportTimeMs, position }));
    },
    delta_proposed: ({ proposal: { deltaId } }, position, state) =>
      state.deltaRows.begin(deltaId, position),
    delta_applied: LedgerState.#keepWithDelta,
    delta_rejected: LedgerState.#keepWithDelta,
    delta_expired: LedgerState.#keepWithDelta,
    delta_reverted: LedgerState.#keepWithDelta,
    delta_refused: LedgerState.#keepWithDelta,
    delta_withdrawn: LedgerState.#keepWithDelta,
    delta_observed: LedgerState.#keepWithDelta,
    trial_advanced: (event, position, state) => state.#mergeReceipts(event, position),
    delta_acknowledged: ({ clientId, sequence }, position, state) =>
      state.#drop(state.#clients.add(clientId, { sequence, position })),
    cycle_completed: ({ cycle }, position, state) => state.#cycles.push({ cycle, position }),
    parameters_declared: LedgerState.#keepWithHead,
    parameters_retired: LedgerState.#keepWithHead,
    trials_paused: LedgerState.#keepWithHead,
    search_advanced: LedgerState.#keepWithHead,
    clock_set: LedgerState.#keepWithHead,
  };
}
