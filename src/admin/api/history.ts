import { LearningError } from '../../domain/errors.ts';
import { eventsAt } from '../../ledger/events-at.ts';
import { type Head, toWallMs } from '../../ledger/head.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ignore, type Projection, project } from '../../ledger/projection.ts';
import type { TrialStep } from '../../trial/step.ts';
import { json } from '../web/answers.ts';
import { DELTA_ID } from './reads.ts';
import { type ApiRoute, apiRoute } from './route-table.ts';
import { described, listOf, objectOf, TEXT, TIME } from './schema.ts';
import { isoTime } from './times.ts';

/** One event in the life of a delta. */
interface HistoryEvent {
  readonly time: string;
  /** Such as `proposed`, `applied`, `trial`, `promoted`. */
  readonly kind: string;
  readonly text: string;
  /** Who caused it: `rule ID`, `client ID`, `operator`, `trial` or `sidecar`. */
  readonly by: string;
}

/** Maximum events in an answer: a client may refuse a delta again and again. */
const MAX_EVENTS = 1000;

type Add = (event: Omit<HistoryEvent, 'time'> & { readonly wallMs: number }) => void;

/** The route of a delta's history. */
export function historyRoute(ledger: Ledger): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/deltas/:id/history',
    who: 'reader',
    doc: {
      id: 'getDeltaHistory',
      summary: "A delta's life in order; at most the newest 1,000 events",
      parameters: [DELTA_ID],
      response: objectOf({
        events: listOf(
          objectOf({
            time: TIME,
            kind: described(
              TEXT,
              'Such as proposed, applied, trial, promoted, confirmed, reverted',
            ),
            text: TEXT,
            by: described(TEXT, 'rule ID, client ID, operator, trial or sidecar'),
          }),
        ),
      }),
    },
    handle: async ({ params }) => json({ events: await historyOf(ledger, params.id ?? '') }),
  });
}

/** Throws `DELTA_NOT_FOUND` for a delta that is not retained. */
export function requireDelta({ state }: Ledger, deltaId: string): void {
  if (state.delta(deltaId) !== undefined) return;
  throw new LearningError('DELTA_NOT_FOUND', `there is no delta ${JSON.stringify(deltaId)}`);
}

async function historyOf(ledger: Ledger, deltaId: string): Promise<HistoryEvent[]> {
  requireDelta(ledger, deltaId);
  const { state } = ledger;
  const events: HistoryEvent[] = [];
  const add: Add = ({ wallMs, ...event }) => events.push({ time: isoTime(wallMs), ...event });
  const positions = state.deltaRows.historyOf(deltaId).slice(-MAX_EVENTS);
  for await (const { event } of eventsAt(ledger, positions)) {
    project(TOLD, event, add, state.head);
  }
  return events.slice(-MAX_EVENTS);
}

const ended =
  (kind: string, by: string) =>
  (event: { readonly timeMs: number; readonly summary: string }, add: Add, head: Readonly<Head>) =>
    add({ wallMs: toWallMs(head, event.timeMs), kind, by, text: event.summary });

const TOLD: Projection<[add: Add, head: Readonly<Head>]> = {
  delta_proposed({ proposal }, add) {
    const { ruleId, proposeTimeMs, reasoning, trialDeltaId } = proposal;
    const others = trialDeltaId === '' ? 'operator' : 'trial';
    const by = ruleId === '' ? others : `rule ${ruleId}`;
    add({ wallMs: proposeTimeMs, kind: 'proposed', by, text: reasoning });
  },
  delta_applied({ timeMs, applyTimeMs = timeMs, summary }, add) {
    add({ wallMs: applyTimeMs, kind: 'applied', by: 'sidecar', text: summary });
  },
  delta_rejected: ended('rejected', 'sidecar'),
  delta_expired: ended('expired', 'sidecar'),
  delta_reverted: ended('reverted', 'sidecar'),
  delta_observed: ended('observed', 'sidecar'),
  delta_refused({ timeMs, clientId, reason, message, outcome }, add, head) {
    const text = `${reason}: ${message} (${outcome === 'stays' ? 'the delta stays' : 'the delta is taken back'})`;
    add({ wallMs: toWallMs(head, timeMs), kind: 'refused', by: `client ${clientId}`, text });
  },
  delta_withdrawn({ timeMs }, add, head) {
    add({ wallMs: toWallMs(head, timeMs), kind: 'withdrawn', by: 'operator', text: '' });
  },
  trial_advanced({ receipts }, add, head) {
    for (const { step } of receipts) {
      const told = describeStep(step);
      if (told !== undefined) add({ wallMs: toWallMs(head, step.timeMs), by: 'trial', ...told });
    }
  },
  parameters_declared: ignore,
  parameters_retired: ignore,
  tasks_recorded: ignore,
  task_ids_kept: ignore,
  metrics_reported: ignore,
  trials_paused: ignore,
  delta_acknowledged: ignore,
  cycle_completed: ignore,
  search_advanced: ignore,
  clock_set: ignore,
};

/** What a step of a trial means for people; `undefined` if it only counts tasks. */
function describeStep(step: TrialStep): Pick<HistoryEvent, 'kind' | 'text'> | undefined {
  switch (step.step) {
    case 'start':
      return { kind: 'trial', text: step.summary };
    case 'promote':
      return { kind: 'promoted', text: step.summary };
    case 'confirm':
      return { kind: 'confirmed', text: step.summary };
    case 'end':
      return { kind: step.effect.verdict, text: step.summary };
    case 'suspend':
      return { kind: 'suspended', text: step.summary };
    case 'continue':
      return { kind: 'continued', text: step.summary };
    case 'pause':
      return { kind: 'paused', text: `paused: ${step.reason}` };
    case 'resume':
      return { kind: 'resumed', text: `resumed: ${step.reason}` };
    default:
      return undefined;
  }
}
