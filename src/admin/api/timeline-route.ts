import type { Delta } from '../../domain/delta.ts';
import type { Task } from '../../domain/task.ts';
import type { Engine } from '../../engine/engine.ts';
import { toWallMs } from '../../ledger/head.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { Timeline } from '../timeline/timeline.ts';
import { json } from '../web/answers.ts';
import type { Asked } from '../web/route.ts';
import {
  type ApiRoute,
  apiRoute,
  invalidQuery,
  type ParameterDoc,
  wholeIn,
} from './route-table.ts';
import { described, listOf, NUMBER, objectOf, type Schema, TEXT, TIME, WHOLE } from './schema.ts';
import { isoTime } from './times.ts';

const DEFAULT_POINTS = 240;
const MAX_POINTS = 2000;
const DAY_MS = 86_400_000;

/** Maximum number of changes in an answer, the newest. */
const MAX_CHANGES = 500;

const PARAMETERS: readonly ParameterDoc[] = [
  { name: 'from', in: 'query', description: 'A time; without it, a day before `to`', schema: TIME },
  { name: 'to', in: 'query', description: 'A time; without it, now', schema: TIME },
  {
    name: 'points',
    in: 'query',
    description: `The most buckets; without it, ${DEFAULT_POINTS}`,
    schema: { ...WHOLE, minimum: 1, maximum: MAX_POINTS },
  },
];

const RESPONSE: Schema = objectOf(
  {
    stepMs: described(WHOLE, 'Length of a bucket in milliseconds'),
    buckets: described(
      listOf(
        objectOf(
          { time: TIME, tasks: WHOLE, successes: WHOLE },
          { p50: described(NUMBER, 'Latency in milliseconds, within 2 %'), p95: NUMBER },
        ),
      ),
      'Those that have tasks, oldest first',
    ),
    changes: described(
      listOf(
        objectOf({
          time: TIME,
          deltaId: TEXT,
          kind: { type: 'string', enum: ['applied', 'promoted', 'confirmed', 'reverted'] },
          target: TEXT,
        }),
      ),
      'Oldest first; at most the newest 500',
    ),
  },
  { since: described(TIME, 'Since when there are buckets') },
);

/** Follows recorded tasks from now on, after those that are retained. */
export function followTasks(ledger: Ledger): Timeline {
  const timeline = new Timeline();
  const { state } = ledger;
  const add = ({ recordedMs, finishTimeMs, status, latencyMs }: Task) =>
    timeline.add({
      timeMs: recordedMs === undefined ? finishTimeMs : toWallMs(state.head, recordedMs),
      isSuccess: status === 'success',
      latencyMs,
    });
  state.newestTasks(state.taskCount).forEach(add);
  ledger.onCommit(({ events }) => {
    for (const event of events) if (event.kind === 'tasks_recorded') event.tasks.forEach(add);
  });
  return timeline;
}

export function timelineRoute({ ledger, clock }: Engine, timeline: Timeline): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/timeline',
    who: 'reader',
    doc: {
      id: 'getTimeline',
      summary: 'Tasks, success and latency over time, with the changes that were put in force',
      parameters: PARAMETERS,
      response: RESPONSE,
    },
    handle(asked) {
      const toMs = timeIn(asked, 'to') ?? clock.wallNow();
      const fromMs = timeIn(asked, 'from') ?? toMs - DAY_MS;
      if (fromMs >= toMs) throw invalidQuery('from', 'expected a time before `to`');
      const points = wholeIn(asked, 'points', { from: 1, to: MAX_POINTS }) ?? DEFAULT_POINTS;
      const { stepMs, buckets } = timeline.between(fromMs, toMs, points);
      const { sinceMs } = timeline;
      return json({
        stepMs,
        buckets: buckets.map(({ timeMs, ...rest }) => ({ time: isoTime(timeMs), ...rest })),
        changes: changesBetween(ledger, fromMs, toMs),
        ...(sinceMs === undefined ? {} : { since: isoTime(sinceMs) }),
      });
    },
  });
}

/** A time in ISO 8601 or in Unix milliseconds. */
function timeIn({ query }: Asked, field: string): number | undefined {
  const text = query.get(field);
  if (text === null || text === '') return undefined;
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  // Beyond this, `Date` has no notation.
  if (Number.isFinite(ms) && Math.abs(ms) <= 8.64e15) return ms;
  throw invalidQuery(field, 'expected a time such as 2026-11-30T12:00:00Z');
}

interface Change {
  readonly timeMs: number;
  readonly deltaId: string;
  readonly kind: 'applied' | 'promoted' | 'confirmed' | 'reverted';
  readonly target: string;
}

function changesBetween({ state }: Ledger, fromMs: number, toMs: number) {
  const found: Change[] = [];
  for (const delta of state.deltasNewestFirst()) {
    if (found.length >= MAX_CHANGES) break;
    const changes = changesOf(delta, (ms) => toWallMs(state.head, ms));
    found.push(...changes.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= toMs));
  }
  return found
    .toSorted((a, b) => a.timeMs - b.timeMs)
    .slice(-MAX_CHANGES)
    .map(({ timeMs, ...rest }) => ({ time: isoTime(timeMs), ...rest }));
}

/** What a delta changed and when; nothing for a block of a trial, which every trial in blocks has many of. */
function changesOf(delta: Delta, toWall: (ms: number) => number): Change[] {
  const { deltaId, target, trialDeltaId, revertsDeltaId, applyTimeMs, promotion, confirmation } =
    delta;
  if (trialDeltaId !== '') return [];
  const at = (kind: Change['kind'], timeMs: number): Change => ({ timeMs, deltaId, kind, target });
  const applied = revertsDeltaId === '' ? 'applied' : 'reverted';
  const promotedMs = promotion && toWall(promotion.timeMs);
  // A promotion puts the value in force, unless it was in force before.
  const isApart = promotedMs === undefined || (applyTimeMs ?? promotedMs) < promotedMs - 1000;
  return [
    ...(applyTimeMs === undefined || !isApart ? [] : [at(applied, applyTimeMs)]),
    ...(promotedMs === undefined ? [] : [at('promoted', promotedMs)]),
    ...(confirmation === undefined ? [] : [at('confirmed', toWall(confirmation.timeMs))]),
  ];
}
