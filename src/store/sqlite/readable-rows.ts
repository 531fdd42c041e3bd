import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { messageOf } from '../../domain/errors.ts';

/** A row of `events` as it is on disk; nothing of it is believed. `body` is a BLOB. */
export type RawRow = Readonly<Record<string, SQLOutputValue>>;

/** Positions at any of which a row may be that cannot be read; both excluded. */
export interface Gap {
  readonly above: number;
  readonly below: number;
}

/** A gap, and what SQLite said first. */
export interface Unreadable extends Gap {
  readonly message: string;
}

/** Places that are tried at most: a page that is damaged hides some hundred positions, or some hundred pages. */
const MAX_TRIES = 20_000;

const COLUMNS = 'SELECT position, kind, CAST(body AS BLOB) AS body, checksum FROM events';

/**
 * Reads the rows of `events`, and goes on where SQLite reports damage: backwards from the end, and then both
 * ways from the middle of each gap that is left.
 *
 * @param visit called for each row, in no order
 * @param newest position of the newest row; `undefined`: unknown
 * @returns in order; `undefined`: all could be read
 */
export function readRows(
  db: DatabaseSync,
  visit: (row: RawRow) => void,
  newest: number | undefined,
): readonly Unreadable[] | undefined {
  const reader = new Reader(db, visit);
  const after = reader.readUp({ above: -Infinity, below: Infinity });
  if (after === undefined) return undefined;
  const rest = reader.readDown({ above: after, below: Infinity }) ?? after;
  const above = Math.max(after, 0);
  const below = rest < Infinity ? rest : Math.max(newest ?? above + MAX_TRIES, above) + 1;
  return reader.bisect({ above, below }).map((gap) => ({ ...gap, message: reader.message }));
}

class Reader {
  /** What SQLite said first. */
  message = '';
  readonly #up: StatementSync;
  readonly #down: StatementSync;
  readonly #visit: (row: RawRow) => void;

  constructor(db: DatabaseSync, visit: (row: RawRow) => void) {
    this.#up = db.prepare(`${COLUMNS} WHERE position > ? ORDER BY position`);
    this.#down = db.prepare(`${COLUMNS} WHERE position < ? ORDER BY position DESC`);
    // A damaged number may be beyond what JavaScript can hold.
    this.#up.setReadBigInts(true);
    this.#down.setReadBigInts(true);
    this.#visit = visit;
  }

  /** Reads a gap upwards; answers above which position it could not go on. */
  readUp({ above, below }: Gap): number | undefined {
    return this.#read(this.#up, above, (position) => position < below);
  }

  /** Reads a gap downwards; answers below which position it could not go on. */
  readDown({ above, below }: Gap): number | undefined {
    return this.#read(this.#down, below, (position) => position > above);
  }

  /** Reads what can be read of a gap; answers what cannot. */
  bisect(gap: Gap): readonly Gap[] {
    const waiting = [gap];
    const unread: Gap[] = [];
    let tries = 0;
    // It grows meanwhile: what is left of gaps comes last, so the widest ones are tried first.
    for (const one of waiting) {
      const { above, below } = one;
      if (below - above < 2) continue;
      tries += 1;
      if (tries > MAX_TRIES) {
        unread.push(one);
        continue;
      }
      const middle = Math.floor((above + below) / 2);
      const top = this.readUp({ above: middle - 1, below });
      const isUnread = top === middle - 1;
      if (isUnread) unread.push({ above: middle - 1, below: middle + 1 });
      const bottom = isUnread ? middle : this.readDown({ above, below: middle });
      if (bottom !== undefined) waiting.push({ above, below: bottom });
      if (top !== undefined) waiting.push({ above: Math.max(top, middle), below });
    }
    return joined(unread);
  }

  #read(
    rows: StatementSync,
    from: number,
    isIn: (position: number) => boolean,
  ): number | undefined {
    let last = from;
    try {
      for (const row of rows.iterate(from)) {
        const position = Number(row.position);
        if (!isIn(position)) return undefined;
        last = position;
        this.#visit(row);
      }
      return undefined;
    } catch (error) {
      this.message ||= messageOf(error);
      return last;
    }
  }
}

/** Gaps in order, those that meet as one. */
function joined(gaps: readonly Gap[]): readonly Gap[] {
  const inOrder = [...gaps].sort((a, b) => a.above - b.above);
  const result: Gap[] = [];
  for (const gap of inOrder) {
    const last = result.at(-1);
    if (last === undefined || gap.above >= last.below) result.push(gap);
    else result[result.length - 1] = { ...last, below: Math.max(last.below, gap.below) };
  }
  return result;
}
