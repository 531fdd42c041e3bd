import { liveValue } from '../../domain/cohort.ts';
import { bornApplied, isLive, type Proposal } from '../../domain/delta.ts';
import type { Retention } from '../../domain/settings.ts';
import { sameValue } from '../../domain/value.ts';
import { Draft } from '../../ledger/draft.ts';
import type { LedgerEvent, StoredEvent } from '../../ledger/event.ts';
import { copyHead, emptyHead, type Head, toWallMs } from '../../ledger/head.ts';
import { LedgerState } from '../../ledger/state.ts';
import type { TrialPlan } from '../../trial/plan.ts';
import type { Remains } from '../sqlite/remains.ts';
import { consistentEvents } from './consistent-events.ts';
import { raiseCounters } from './salvaged-head.ts';

export interface MendOptions {
  readonly newEpoch: string;
  readonly newId: () => string;
  /** Position up to which events are known to have been committed; 0 if unknown. */
  readonly committedThrough: number;
}

/** What was kept of a damaged ledger, and what was lost. */
export interface MendReport {
  /** Which head was found; `older` if events are known to have been committed after it. */
  readonly head: 'intact' | 'older' | 'lost';
  readonly keptEvents: Readonly<Record<string, number>>;
  readonly keptTasks: number;
  /** Stored events that are gone; `undefined` if the number is unknown. */
  readonly lostEvents: number | undefined;
  /** Ranges of the lost positions, both ends included. */
  readonly lostPositions: readonly string[];
  /** Events left out because events they depend on are gone. */
  readonly droppedEvents: Readonly<Record<string, number>>;
  /** Deltas that were undecided, on trial or on probation. */
  readonly endedDeltas: readonly string[];
  /** Sequences up to this one will not be reused. */
  readonly sequence: number;
}

/** A mended ledger, ready to be stored. */
export interface Mended {
  readonly head: Head;
  readonly events: readonly StoredEvent[];
  readonly report: MendReport;
}

/**
 * Sequences skipped if changes newer than the known ones may have been applied: a sequence that a client has seen must
 * not name another change. The newest part of a ledger, which is lost as a whole, cannot hold as many.
 */
const SKIPPED_SEQUENCES = 10_000;

/** The maximum of ranges in a report, which is one log line. */
const MAX_RANGES = 100;

/** Retention that drops nothing; the ledger applies its own retention when it is opened. */
const KEEP_ALL: Retention = {
  historyLimit: Number.MAX_SAFE_INTEGER,
  dedupWindow: Number.MAX_SAFE_INTEGER,
  retainDeltas: Number.MAX_SAFE_INTEGER,
  retainCycles: Number.MAX_SAFE_INTEGER,
};

const EXPIRED = 'Expired: the ledger was recovered, and what became of it may be lost';
const RESTORED = 'The ledger was recovered, and receipts of the trial may be lost';

/**
 * Makes a consistent ledger of what is left of a damaged one. If nothing is lost, only the epoch changes. Otherwise
 * what is certain is kept (live values, counters, tasks, decided deltas), and undecided deltas are ended.
 */
export function mend(remains: Remains, options: MendOptions): Mended {
  const { head: found, events } = remains;
  const lostEvents = countLost(remains, options);
  const isHeadNewest = isNewest(remains, options);
  const isWhole = isHeadNewest && lostEvents === 0;
  const { kept, dropped, brokenOff } = isWhole ? asItIs(events) : consistentEvents(events);
  const head = headOver(remains, kept, options);
  if (!isHeadNewest) head.sequence += SKIPPED_SEQUENCES;
  if (!isWhole) head.compactedThrough = streamableAfter(head, kept);
  const draft = new Draft(new LedgerState(KEEP_ALL), head);
  for (const one of kept) draft.replay(one);
  const endedDeltas = isWhole ? [] : endUndecided(draft, brokenOff, options.newId);
  head.storedEvents = draft.events.length;
  return {
    head,
    events: draft.events,
    report: {
      head: found === undefined ? 'lost' : isHeadNewest ? 'intact' : 'older',
      keptEvents: countKinds(kept),
      keptTasks: kept.reduce((sum, { event }) => sum + taskCount(event), 0),
      lostEvents,
      lostPositions: lostEvents === 0 ? [] : missingRanges(remains, options, lostEvents),
      droppedEvents: countKinds(dropped),
      endedDeltas,
      sequence: head.sequence,
    },
  };
}

function asItIs(kept: readonly StoredEvent[]) {
  return { kept, dropped: [], brokenOff: [] };
}

/** Whether the head found is the newest committed one, as far as is known. */
function isNewest({ head }: Remains, { committedThrough }: MendOptions): boolean {
  return head !== undefined && committedThrough <= head.position;
}

/** The number of missing events: those that the head counts, and those committed after the head. */
function countLost({ head, events }: Remains, { committedThrough }: MendOptions) {
  if (head === undefined) return undefined;
  const later = Math.max(committedThrough - head.position, 0);
  return Math.max(head.storedEvents - events.length, 0) + later;
}

function headOver(
  { head: found, events }: Remains,
  kept: readonly StoredEvent[],
  { newEpoch, committedThrough }: MendOptions,
): Head {
  const head = { ...copyHead({ ...emptyHead(''), ...found }), epoch: newEpoch };
  if (found === undefined) {
    const draft = new Draft(new LedgerState(KEEP_ALL), head);
    for (const { event } of kept) draft.append(event);
    raiseCounters(head, events);
  }
  head.position = Math.max(head.position, lastPosition(events), committedThrough);
  return head;
}

/** The newest sequence whose change is missing. Streams can resume there or later: every change after it is there. */
function streamableAfter(head: Head, events: readonly StoredEvent[]): number {
  const applied = new Set(
    events.flatMap(({ event }) => (event.kind === 'delta_applied' ? [event.sequence] : [])),
  );
  let after = head.sequence;
  while (after > head.compactedThrough && applied.has(after)) after -= 1;
  return after;
}

/** Ends undecided deltas, and takes back the values of their trials. Returns the ids of the deltas. */
function endUndecided(
  draft: Draft,
  brokenOff: readonly TrialPlan[],
  newId: () => string,
): string[] {
  const { timeMs } = draft.head.clock;
  const open = [...draft.pending()].map(({ deltaId }) => deltaId);
  for (const deltaId of open) {
    draft.append({ kind: 'delta_expired', deltaId, timeMs, summary: EXPIRED });
  }
  for (const plan of brokenOff) {
    restoreBaseline(draft, plan, newId());
    // A delta on probation is live.
    const { deltaId } = plan;
    const delta = draft.delta(deltaId);
    if (delta === undefined || !isLive(delta)) continue;
    draft.append({ kind: 'delta_reverted', deltaId, timeMs, summary: RESTORED });
    open.push(deltaId);
  }
  return open;
}

function restoreBaseline(draft: Draft, plan: TrialPlan, deltaId: string): void {
  const { target, cohort, oldValue, newValue } = plan;
  const live = liveValue(draft.head, plan);
  if (sameValue(live, oldValue) || !sameValue(live, newValue)) return;
  const tried = draft.delta(plan.deltaId);
  const proposal: Proposal = {
    ...bornApplied(toWallMs(draft.head, draft.head.clock.timeMs)),
    deltaId,
    ruleId: '',
    type: tried?.type,
    operation: oldValue === undefined ? 'remove' : live === undefined ? 'add' : 'modify',
    target,
    cohort,
    oldValue: live,
    newValue: oldValue,
    reasoning: RESTORED,
    revertsDeltaId: tried !== undefined && isLive(tried) ? tried.deltaId : '',
  };
  draft.append({ kind: 'delta_proposed', ordinal: draft.head.ordinal + 1, proposal });
  draft.append({
    kind: 'delta_applied',
    deltaId,
    sequence: draft.head.sequence + 1,
    timeMs: draft.head.clock.timeMs,
    replacedValue: live,
    oldValue: live,
    holdUntilMs: null,
    summary: '',
    before: null,
    ackByMs: null,
    applyTimeMs: proposal.proposeTimeMs,
  });
}

function lastPosition(events: readonly StoredEvent[]): number {
  return events.at(-1)?.position ?? 0;
}

function taskCount(event: LedgerEvent): number {
  return event.kind === 'tasks_recorded' ? event.tasks.length : 0;
}

function countKinds(events: readonly StoredEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { event } of events) counts[event.kind] = (counts[event.kind] ?? 0) + 1;
  return counts;
}

/** Positions without an event in damaged ranges; some of them were dropped before the damage. */
function missingRanges(
  { head, events, gaps }: Remains,
  { committedThrough }: MendOptions,
  lostEvents: number | undefined,
): string[] {
  const last = lastPosition(events);
  const end = Math.max(head?.position ?? 0, committedThrough, last);
  const suspect = [...gaps, { above: last, below: end + 1 }];
  const ranges = new Set<string>();
  let former = 0;
  let told = 0;
  for (const position of [...events.map((one) => one.position), end + 1]) {
    for (const { above, below } of suspect) {
      const from = Math.max(former, above) + 1;
      const to = Math.min(position, below) - 1;
      const range = from === to ? `${from}` : `${from}-${to}`;
      if (from > to || ranges.has(range)) continue;
      ranges.add(range);
      told += to + 1 - from;
    }
    former = position;
  }
  const all = [...ranges];
  const rest = all.length - MAX_RANGES;
  const shown = rest > 0 ? [...all.slice(0, MAX_RANGES), `and ${rest} more`] : all;
  // SQLite skips some damage without reporting it.
  const elsewhere = (lostEvents ?? 0) - told;
  return elsewhere > 0 ? [...shown, `and ${elsewhere} elsewhere`] : shown;
}
