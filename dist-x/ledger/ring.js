/** A queue of bounded use: add at the end, drop at the front, read by index; all in O(1). */
export class Ring {
    #items = [];
    #first = 0;
    get length() {
        return this.#items.length - this.#first;
    }
    push(item) {
        this.#items.push(item);
    }
    /** Item `index` from the front, 0 = the oldest. */
    at(index) {
        return index < 0 ? undefined : this.#items[this.#first + index];
    }
    /** Takes the oldest item out. */
    shift() {
        if (this.length === 0)
            return undefined;
        const item = this.#items[this.#first];
        this.#items[this.#first] = undefined;
        this.#first += 1;
        // Half of the array is dead: copy the living half, which costs O(1) per item dropped.
        if (this.#first > 32 && this.#first * 2 > this.#items.length) {
            this.#items = this.#items.slice(this.#first);
            this.#first = 0;
        }
        return item;
    }
    /** The newest items, at most `count`, oldest first. */
    newest(count) {
        const from = Math.max(this.#first, this.#items.length - count);
        return this.#items.slice(from); // Live places hold items.
    }
}
//# sourceMappingURL=ring.js.map