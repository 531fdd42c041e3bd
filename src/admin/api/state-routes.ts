import type { Engine } from '../../engine/engine.ts';
import { RuleStatusSchema } from '../../gen/learning/v1/learning_service_pb.ts';
import { ruleStatus } from '../../rpc/services/queries.ts';
import type { SubscriberInfo } from '../../rpc/streams/deltas.ts';
import { json } from '../web/answers.ts';
import { toPlain } from './calls.ts';
import { type ApiRoute, apiRoute } from './route-table.ts';
import {
  described,
  FLAG,
  listOf,
  messageOf,
  NUMBER,
  objectOf,
  type Schema,
  TEXT,
  TIME,
  WHOLE,
} from './schema.ts';
import { isoTime } from './times.ts';

export interface StateOptions {
  readonly engine: Engine;
  subscribers(): readonly SubscriberInfo[];
  /** Why the newest config was refused; empty if it was not. */
  configError(): string;
  /** In Unix milliseconds; `undefined` if there is none. */
  newestBackupMs(): number | undefined;
}

/** Maximum number of subscribers in an answer, the newest. */
const MAX_SUBSCRIBERS = 1000;

/** The parts of the sidecar as they are now. */
export function stateRoutes(options: StateOptions): ApiRoute[] {
  const { engine } = options;
  return [
    stateRoute(
      'rules',
      'Rules with their learned confidence, verdicts and rests',
      listOf(
        objectOf({
          status: messageOf(RuleStatusSchema),
          target: TEXT,
          type: TEXT,
          operation: TEXT,
          configuredConfidence: NUMBER,
        }),
      ),
      () => rulesOf(engine),
    ),
    stateRoute('subscribers', 'Open streams, and how far each is behind', SUBSCRIBERS, () =>
      subscribersOf(options),
    ),
    stateRoute('config', 'The config in force, and faults of a newer one', CONFIG, () => {
      const faults = options.configError().split('\n').filter(Boolean);
      return { version: engine.settings.version, isRefused: faults.length > 0, faults };
    }),
    stateRoute('ledger', 'Health, size and backup of the ledger', LEDGER, () => ledgerOf(options)),
  ];
}

const SUBSCRIBERS = objectOf({
  count: described(WHOLE, 'All of them'),
  subscribers: described(
    listOf(
      objectOf({
        clientId: TEXT,
        sentSequence: WHOLE,
        acknowledgedSequence: WHOLE,
        lag: described(WHOLE, 'Changes in force that were not sent yet'),
      }),
    ),
    'Newest first; at most 1,000',
  ),
});

const CONFIG = objectOf({ version: TEXT, isRefused: FLAG, faults: listOf(TEXT) });

const LEDGER = objectOf(
  {
    epoch: TEXT,
    isWritable: FLAG,
    problem: described(TEXT, 'Why it cannot be written; empty if it can'),
    sizeBytes: WHOLE,
    events: described(WHOLE, 'Events stored'),
    position: described(WHOLE, 'Of the newest event'),
    sequence: described(WHOLE, 'Of the newest change in force'),
    tasks: described(WHOLE, 'Tasks retained'),
    deltas: described(WHOLE, 'Deltas retained'),
  },
  { newestBackup: TIME },
);

function stateRoute(name: string, summary: string, response: Schema, tell: () => unknown) {
  const id = `get${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return apiRoute({
    method: 'GET',
    path: `/${name}`,
    who: 'reader',
    doc: { id, summary, parameters: [], response },
    handle: () => json(tell()),
  });
}

function rulesOf(engine: Engine) {
  return engine.settings.rules.map((rule) => ({
    status: toPlain(RuleStatusSchema, ruleStatus(engine, rule)),
    target: rule.target,
    type: rule.type,
    operation: rule.operation,
    configuredConfidence: rule.confidence,
  }));
}

function subscribersOf({ engine, subscribers }: StateOptions) {
  const { state } = engine.ledger;
  const all = subscribers();
  const newest = all.slice(-MAX_SUBSCRIBERS).reverse();
  return {
    count: all.length,
    subscribers: newest.map(({ clientId, sentSequence }) => ({
      ...{ clientId, sentSequence },
      acknowledgedSequence: state.acknowledged(clientId),
      lag: Math.max(state.head.sequence - sentSequence, 0),
    })),
  };
}

function ledgerOf({ engine: { ledger }, newestBackupMs }: StateOptions) {
  const { state, failure = '' } = ledger;
  const { epoch, storedEvents, position, sequence } = state.head;
  const backupMs = newestBackupMs();
  return {
    ...{ epoch, position, sequence },
    isWritable: failure === '',
    problem: failure,
    sizeBytes: ledger.sizeBytes(),
    events: storedEvents,
    tasks: state.taskCount,
    deltas: state.deltaCount,
    ...(backupMs === undefined ? {} : { newestBackup: isoTime(backupMs) }),
  };
}
