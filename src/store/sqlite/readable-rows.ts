import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { messageOf } from '../../domain/errors.ts';
import { checksum } from './rows.ts';

/** A row of `events` as it is on disk; it may be damaged. */
export interface RawRow {
  readonly position: number;
  readonly kind: string;
  readonly body: Buffer;
  /** Whether its checksum matches. */
  readonly isIntact: boolean;
}

/** A range of positions, both ends excluded, in which rows may be unreadable. */
export interface Gap {
  readonly above: number;
  readonly below: number;
}

/** A range of rows that could not be read, with the first error that SQLite gave in this scan. */
export interface Unreadable extends Gap {
  readonly message: string;
}

/** The maximum of tries. A damaged page hides some hundred positions or, if it is an inner one, some hundred pages. */
const MAX_TRIES = 20_000;

const COLUMNS = 'SELECT position, kind, CAST(body AS BLOB) AS body, checksum FROM events';

/**
 * Reads the rows of `events`. Where SQLite reports damage, reading continues backwards from the end, and then in both
 * directions from the middle of each remaining gap.
 *
 * @param visit called for each row, in any order
 * @param newest position of the newest row; `undefined` if unknown
 * @returns the gaps in order; `undefined` if all rows could be read
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
  /** The first message of SQLite. */
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

  /** Reads a gap upwards; returns the position above which reading failed. */
  readUp({ above, below }: Gap): number | undefined {
    return this.#read(this.#up, above, (position) => position < below);
  }

  /** Reads a gap downwards; returns the position below which reading failed. */
  readDown({ above, below }: Gap): number | undefined {
    return this.#read(this.#down, below, (position) => position > above);
  }

  /** Reads what can be read of a gap; returns the rest. */
  bisect(gap: Gap): readonly Gap[] {
    const waiting = [gap];
    const unread: Gap[] = [];
    let tries = 0;
    // The array grows in the loop. The halves go to its end, so wider gaps are tried first.
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
        this.#visit(rawRow(row, position));
      }
      return undefined;
    } catch (error) {
      this.message ||= messageOf(error);
      return last;
    }
  }
}

function rawRow(row: Readonly<Record<string, SQLOutputValue>>, position: number): RawRow {
  const kind = String(row.kind);
  const body = Buffer.from(row.body instanceof Uint8Array ? row.body : []);
  const isIntact = row.checksum === BigInt(checksum(String(row.position), kind, body));
  return { position, kind, body, isIntact };
}

/** Sorts gaps, and joins those that overlap. */
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
