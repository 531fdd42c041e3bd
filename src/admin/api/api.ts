import type { Clock } from '../../domain/clock.ts';
import type { Engine } from '../../engine/engine.ts';
import type { SubscriberInfo } from '../../rpc/streams/deltas.ts';
import type { Validate } from '../../rpc/validation/validate.ts';
import { Events } from '../web/events.ts';
import type { Gate } from '../web/gate.ts';
import { historyRoute } from './history.ts';
import { descriptionRoute } from './openapi.ts';
import { parametersRoute } from './parameters.ts';
import { readRoutes } from './reads.ts';
import { receiptsRoute } from './receipts.ts';
import { type ApiRoute, apiRoute } from './route-table.ts';
import { described, TEXT } from './schema.ts';
import { sessionRoutes } from './session-routes.ts';
import { stateRoutes } from './state-routes.ts';
import { followTasks, timelineRoute } from './timeline-route.ts';
import { TOPICS, type Topic, topicsOf } from './topics.ts';
import { trialsRoute } from './trials.ts';
import { writeRoutes } from './writes.ts';

export interface ApiOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly validate: Validate;
  subscribers(): readonly SubscriberInfo[];
  /** Why the newest config was refused; empty if it was not. */
  configError(): string;
  /** In Unix milliseconds; `undefined` if there is none. */
  newestBackupMs(): number | undefined;
}

/** The API, live. */
export interface Api {
  readonly routes: readonly ApiRoute[];
  /** Ends streams of events, and opens no more. */
  close(): void;
}

/** How often what is not in the ledger is looked at while a page is open. */
const LOOK_MS = 1000;

/** Creates the routes under `API_ROOT`, and follows the ledger for streams of events. */
export function createApi(options: ApiOptions): Api {
  const { engine, gate, validate, clock } = options;
  const { ledger } = engine;
  const events = new Events({
    clock,
    topics: TOPICS,
    epoch: ledger.state.head.epoch,
    position: () => ledger.state.head.position,
  });
  ledger.onCommit((note) => events.note(topicsOf(note.events)));
  const stopLooking = lookOutside(options, events);
  const routes = [
    ...readRoutes(options),
    historyRoute(ledger),
    receiptsRoute(ledger),
    trialsRoute(engine),
    timelineRoute(engine, followTasks(ledger)),
    parametersRoute(engine),
    ...stateRoutes(options),
    ...writeRoutes(engine, validate),
    ...sessionRoutes(gate),
    eventRoute(events, gate),
  ];
  return {
    routes: [...routes, descriptionRoute(routes)],
    close() {
      stopLooking();
      events.close();
    },
  };
}

function eventRoute(events: Events, gate: Gate): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/events',
    who: 'reader',
    doc: {
      id: 'listen',
      summary: 'Server-sent events that say what has changed; resumes by Last-Event-ID',
      parameters: [],
      response: described(TEXT, 'Events `changed`, whose data is { "topics": [NAME, …] }'),
      mediaType: 'text/event-stream',
    },
    handle: (asked) => events.open(asked, () => gate.rightsOf(asked.request).mayRead),
  });
}

/** Tells streams when something changes of which the ledger knows nothing. */
function lookOutside({ engine, clock, subscribers, configError }: ApiOptions, events: Events) {
  const outside = (): Readonly<Partial<Record<Topic, unknown>>> => ({
    subscribers: subscribers().length,
    config: configError(),
    ledger: engine.ledger.failure,
    status: engine.active,
  });
  let known = outside();
  let cancel = () => {};
  const look = () => {
    cancel = clock.schedule(look, LOOK_MS);
    if (!events.isWatched) return;
    const now = outside();
    const changed = TOPICS.filter((topic) => now[topic] !== known[topic]);
    known = now;
    if (changed.length > 0) events.note(new Set(changed));
  };
  look();
  return () => cancel();
}
