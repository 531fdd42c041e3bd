/** A queue with access by index: push, shift and `at` take constant time. */
export class Ring<T> {
  #items: (T | undefined)[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Item `index` from the front, 0 = the oldest. */
  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#first + index];
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first += 1;
    // Copying the rest only once half of the array is unused costs O(1) for each dropped item.
    if (this.#first > 32 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** The newest items, at most `count`, oldest first. */
  newest(count: number): T[] {
    const from = Math.max(this.#first, this.#items.length - count);
    return this.#items.slice(from) as T[]; // Places from `#first` on hold items.
  }
}
