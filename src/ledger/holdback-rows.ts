/** Rows of the receipts of one delta's holdback. */
interface Rows {
  /** Positions of the rows of the current part and of the part before it, ascending. */
  readonly positions: number[];
  /** Position of the first row of the current part. */
  partBegan: number;
}

/**
 * Finds receipts of holdbacks that may be dropped. A holdback can last for ever, and each part of it begins with the
 * whole state: only the rows of the current part and of the part before are kept.
 */
export class HoldbackRows {
  readonly #rows = new Map<string, Rows>();

  /** A change was confirmed, and its holdback begins. */
  begin(deltaId: string): void {
    this.#rows.set(deltaId, { positions: [], partBegan: 0 });
  }

  /**
   * Adds a row.
   *
   * @param isPart whether the row begins a part
   * @returns positions of the rows that are no longer needed
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
