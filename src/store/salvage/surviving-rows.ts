import type { StoredEvent } from '../../ledger/event.ts';
import type { Head } from '../../ledger/head.ts';
import type { Remains } from './mend.ts';
import { type PageImages, withPageImages } from './page-images.ts';
import { readTablePage, type SoundRow } from './page-rows.ts';

/** Where the tables begin: they are the first that a ledger makes. */
const EVENTS_ROOT = 2;
const HEAD_ROOT = 3;

/** Positions above the first, up to the second. */
type Range = readonly [above: number, through: number];

/** Tables nest by some hundreds: no ledger is deeper. */
const MAX_DEPTH = 20;

/**
 * Reads what is left of a ledger file. What can be reached is taken as it is; where something is
 * damaged, the other images of pages are searched for what is missing there, and for nothing else:
 * they also hold what was deleted long ago.
 */
export function salvage(file: string): Remains {
  return withPageImages(file, (images) => {
    const reached = walk(images, EVENTS_ROOT);
    const events = new Map<number, StoredEvent>();
    for (const row of reached.rows) take(events, row, ALL);
    const heads = headsOf(walk(images, HEAD_ROOT).rows);
    const isNewest = heads.length > 0 && !images.isLogDamaged;
    const gaps = gapsIn(events, reached.damaged, heads[0]);
    if (gaps.length > 0 || heads.length === 0 || images.isLogDamaged) {
      const all = gaps.length > 0 ? gaps : [ALL];
      for (const row of otherRows(images, reached.pages)) {
        for (const range of all) take(events, row, range);
        if (row.table === 'head') heads.push(row.head);
      }
    }
    const head = heads.reduce<Head | undefined>(newer, undefined);
    const inOrder = [...events.values()].sort((a, b) => a.position - b.position);
    return { head, isNewest, events: inOrder, damaged: gaps };
  });
}

const ALL: Range = [0, Number.POSITIVE_INFINITY];

interface Walked {
  readonly rows: SoundRow[];
  readonly damaged: Range[];
  readonly pages: Set<number>;
}

/** Follows a table from its root, and notes where it breaks off. */
function walk(images: PageImages, root: number): Walked {
  const walked: Walked = { rows: [], damaged: [], pages: new Set() };
  visit(images, root, ALL, walked, 0);
  return walked;
}

function visit(images: PageImages, page: number, range: Range, walked: Walked, depth: number) {
  const bytes = walked.pages.has(page) ? undefined : images.newest(page);
  const table = bytes && readTablePage(bytes, images);
  if (table === undefined || depth > MAX_DEPTH) {
    walked.damaged.push(range);
    return;
  }
  walked.pages.add(page);
  if (table.kind === 'leaf') {
    const sound = table.rows.filter((row) => isIn(row, range));
    walked.rows.push(...sound);
    if (sound.length < table.cells) walked.damaged.push(range);
    return;
  }
  let [above] = range;
  for (const { page: child, through } of table.children) {
    const end = Math.min(through, range[1]);
    if (!(end >= above)) {
      walked.damaged.push(range);
      continue;
    }
    visit(images, child, [above, end], walked, depth + 1);
    above = end;
  }
}

function isIn(row: SoundRow, [above, through]: Range): boolean {
  if (row.table === 'head') return true;
  return row.stored.position > above && row.stored.position <= through;
}

/** Ranges in which something is missing; where only a count says so, anywhere. */
function gapsIn(
  events: ReadonlyMap<number, StoredEvent>,
  damaged: readonly Range[],
  head: Head | undefined,
): Range[] {
  const last = Math.max(0, ...damaged.map(([above]) => above), lastOf(events));
  const gaps = [...damaged];
  if (head === undefined) return gaps;
  if (head.position > last) gaps.push([last, Number.POSITIVE_INFINITY]);
  return gaps.length === 0 && events.size !== head.storedEvents ? [ALL] : gaps;
}

function lastOf(events: ReadonlyMap<number, unknown>): number {
  let last = 0;
  for (const position of events.keys()) last = Math.max(last, position);
  return last;
}

function take(events: Map<number, StoredEvent>, row: SoundRow, range: Range): void {
  if (row.table !== 'events' || !isIn(row, range) || events.has(row.stored.position)) return;
  events.set(row.stored.position, row.stored);
}

/** The rows of pages that were not reached, and of all former images. */
function* otherRows(images: PageImages, reached: ReadonlySet<number>): Iterable<SoundRow> {
  for (let page = 1; page <= images.pageCount; page += 1) {
    const bytes = reached.has(page) ? undefined : images.newest(page);
    if (bytes !== undefined) yield* rowsOf(bytes, images);
  }
  for (const bytes of images.older()) yield* rowsOf(bytes, images);
}

function rowsOf(bytes: Buffer, images: PageImages): readonly SoundRow[] {
  const table = readTablePage(bytes, images);
  return table?.kind === 'leaf' ? table.rows : [];
}

function headsOf(rows: readonly SoundRow[]): Head[] {
  return rows.flatMap((row) => (row.table === 'head' ? [row.head] : []));
}

function newer(former: Head | undefined, head: Head): Head {
  return former === undefined || head.position > former.position ? head : former;
}
