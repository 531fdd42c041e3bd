/** A binary heap of events, ordered by time and, at the same time, by insertion. */
export class EventQueue<T> {
  readonly #heap: { readonly atMs: number; readonly number: number; readonly event: T }[] = [];
  #added = 0;

  add(atMs: number, event: T): void {
    this.#added += 1;
    const heap = this.#heap;
    const added = { atMs, number: this.#added, event };
    let place = heap.length;
    heap.push(added);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, added)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = added;
  }

  /** Removes the next event; `undefined`: there is none. */
  shift(): { readonly atMs: number; readonly event: T } | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    let place = 0;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const next = isRight ? right : left;
      if (next === undefined || isBefore(last, next)) break;
      heap[place] = next;
      place = 2 * place + (isRight ? 2 : 1);
    }
    heap[place] = last;
    return first;
  }
}

interface Timed {
  readonly atMs: number;
  readonly number: number;
}

function isBefore(a: Timed, b: Timed): boolean {
  return a.atMs === b.atMs ? a.number < b.number : a.atMs < b.atMs;
}
