/** Places in the log of the receipts of one delta's holdback. */
interface Rows {
  /** Of the part that goes on, and of the one before it. */
  readonly positions: number[];
  /** Where the part that goes on begins. */
  partBegan: number;
}

/**
 * Which receipts of holdbacks are not needed any more. A holdback goes on for as long as its value is
 * in force; each part begins with all that is known, so that only the newest part that is over and
 * the one that goes on are kept.
 */
export class HoldbackRows {
  readonly #rows = new Map<string, Rows>();

  /** The change was confirmed by the row before; its holdback begins. */
  begin(deltaId: string): void {
    this.#rows.set(deltaId, { positions: [], partBegan: 0 });
  }

  /**
   * A row of receipts more.
   *
   * @param isPart it begins a part
   * @returns the rows that are not needed any more
   */
  add(deltaId: string, position: number, isPart: boolean): readonly number[] {
    const rows = this.#rows.get(deltaId);
    if (rows === undefined) return [];
    rows.positions.push(position);
    if (!isPart) return [];
    const needed = rows.positions.findIndex((one) => one >= rows.partBegan);
    rows.partBegan = position;
    return rows.positions.splice(0, needed);
  }

  forget(deltaId: string): void {
    this.#rows.delete(deltaId);
  }
}
