import type { Retention } from '../domain/settings.ts';
import type { Task } from '../domain/task.ts';
import type { StoredEvent, TaskIdsKept } from './event.ts';
import { Ring } from './ring.ts';

/** What the store may delete. */
export interface Forgotten {
  /** Positions of events. */
  readonly drop: readonly number[];
  /** Events that replace some of the dropped ones, at the same positions. */
  readonly kept: readonly StoredEvent[];
}

/** Merges deletions, in their order, into one. */
export function joined(all: readonly Forgotten[]): Forgotten {
  const drop = new Set<number>();
  const kept = new Map<number, StoredEvent>();
  for (const one of all) {
    for (const position of one.drop) {
      drop.add(position);
      // A replacement at this position is not needed any more, either.
      kept.delete(position);
    }
    for (const event of one.kept) kept.set(event.position, event);
  }
  return { drop: [...drop], kept: [...kept.values()] };
}

/** A stored event of tasks or of their ids. */
interface Row {
  readonly position: number;
  /** Tasks and ids recorded up to and with this event. */
  readonly tasksThrough: number;
  readonly idsThrough: number;
}

/** The least number of ids in an event of ids. Until there are as many, the events of the tasks stay. */
const IDS_PER_EVENT = 32;

/**
 * The newest tasks, and the ids by which tasks sent again are recognised. Many more ids than tasks are retained: events
 * that hold only ids replace the stored events of tasks.
 */
export class RetainedTasks {
  readonly #tasks = new Ring<Task>();
  /** Each known id with its number among all ids: 1, 2, 3 … */
  readonly #ids = new Map<string, number>();
  readonly #idOrder = new Ring<string>();
  /** Events of ids, all older than the events of tasks. */
  readonly #idRows = new Ring<Row>();
  readonly #taskRows = new Ring<Row>();
  /** How many of the events of tasks, the oldest ones, have no task that is retained. */
  #spent = 0;
  #tasksSeen = 0;
  #idsSeen = 0;

  get count(): number {
    return this.#tasks.length;
  }

  newest(count: number): Task[] {
    return this.#tasks.newest(count);
  }

  /**
   * Whether an id is among the newest ones.
   *
   * @param newer the number of ids that a draft adds: as many of the oldest ones no longer count
   */
  hasId(taskId: string, newer: number, dedupWindow: number): boolean {
    const place = this.#ids.get(taskId);
    return place !== undefined && place > this.#idsSeen + newer - dedupWindow;
  }

  addTasks(position: number, tasks: readonly Task[]): void {
    for (const task of tasks) {
      this.#tasks.push(task);
      if (task.taskId !== '') this.#addId(task.taskId);
    }
    this.#tasksSeen += tasks.length;
    this.#taskRows.push(this.#rowAt(position));
  }

  addIds(position: number, { taskIds }: TaskIdsKept): void {
    for (const taskId of taskIds) this.#addId(taskId);
    this.#idRows.push(this.#rowAt(position));
  }

  /** Forgets what is beyond retention. */
  forget({ historyLimit, dedupWindow }: Retention): Forgotten {
    while (this.#tasks.length > historyLimit) this.#tasks.shift();
    while (this.#idOrder.length > dedupWindow) this.#forgetOldestId();
    this.#countSpent();
    const drop: number[] = [];
    while (this.#isForgotten(this.#idRows.at(0))) drop.push(this.#idRows.shift()?.position ?? 0);
    while (this.#spent > 0 && this.#isForgotten(this.#taskRows.at(0))) drop.push(this.#takeSpent());
    const last = this.#taskRows.at(this.#spent - 1);
    const taskIds = last === undefined ? [] : this.#idsUpTo(last.idsThrough);
    if (last === undefined || taskIds.length === 0) return { drop, kept: [] };
    while (this.#spent > 0) drop.push(this.#takeSpent());
    this.#idRows.push(last);
    const { position } = last;
    return { drop, kept: [{ position, event: { kind: 'task_ids_kept', taskIds } }] };
  }

  #addId(taskId: string): void {
    this.#idsSeen += 1;
    this.#ids.set(taskId, this.#idsSeen);
    this.#idOrder.push(taskId);
  }

  #rowAt(position: number): Row {
    return { position, tasksThrough: this.#tasksSeen, idsThrough: this.#idsSeen };
  }

  /** Number of the oldest known id. */
  get #oldestId(): number {
    return this.#idsSeen - this.#idOrder.length + 1;
  }

  #forgetOldestId(): void {
    const place = this.#oldestId;
    const taskId = this.#idOrder.shift() ?? '';
    // The id stays known if it has been recorded again since.
    if (this.#ids.get(taskId) === place) this.#ids.delete(taskId);
  }

  #countSpent(): void {
    const forgotten = this.#tasksSeen - this.#tasks.length;
    const isSpent = (row: Row | undefined) => row !== undefined && row.tasksThrough <= forgotten;
    while (isSpent(this.#taskRows.at(this.#spent))) this.#spent += 1;
  }

  /** Takes the oldest event of tasks out; returns its position. */
  #takeSpent(): number {
    this.#spent -= 1;
    return this.#taskRows.shift()?.position ?? 0;
  }

  /** Whether none of the ids of an event is known any more. */
  #isForgotten(row: Row | undefined): boolean {
    return row !== undefined && row.idsThrough < this.#oldestId;
  }

  /** Known ids up to a number that no event of ids holds yet; none if there are too few for an event. */
  #idsUpTo(place: number): string[] {
    const { idsThrough = 0 } = this.#idRows.at(this.#idRows.length - 1) ?? {};
    const oldest = this.#oldestId;
    const from = Math.max(oldest, idsThrough + 1);
    if (place - from + 1 < IDS_PER_EVENT) return [];
    const ids: string[] = [];
    for (let at = from; at <= place; at += 1) ids.push(this.#idOrder.at(at - oldest) ?? '');
    return ids;
  }
}
