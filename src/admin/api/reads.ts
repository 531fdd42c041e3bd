import type { JsonValue } from '@bufbuild/protobuf';
import {
  GetDeltaStatusResponseSchema,
  GetGainsResponseSchema,
  GetStatusResponseSchema,
  LearningService,
  ListCyclesResponseSchema,
  ListDeltasResponseSchema,
} from '../../gen/learning/v1/learning_service_pb.ts';
import { getGains } from '../../rpc/services/gains.ts';
import {
  getDeltaStatus,
  getStatus,
  listCycles,
  listDeltas,
  type StatusSources,
} from '../../rpc/services/queries.ts';
import type { Validate } from '../../rpc/validation/validate.ts';
import type { Asked } from '../web/route.ts';
import { calling } from './calls.ts';
import { type ApiRoute, apiRoute, type ParameterDoc, wholeIn } from './route-table.ts';
import { messageOf, TEXT, WHOLE } from './schema.ts';

export interface ReadsOptions extends StatusSources {
  readonly validate: Validate;
}

/** The name of a parameter in paths of deltas. */
export const DELTA_ID: ParameterDoc = {
  name: 'id',
  in: 'path',
  description: 'The id of a delta',
  schema: TEXT,
};

const PAGE: readonly ParameterDoc[] = [
  {
    name: 'page_size',
    in: 'query',
    description: 'Items of a page; at most 1,000',
    schema: { ...WHOLE, minimum: 0, maximum: 1000 },
  },
  { name: 'page_token', in: 'query', description: "The former page's nextPageToken", schema: TEXT },
];

function pageIn(asked: Asked): { readonly [field: string]: JsonValue } {
  return {
    pageSize: wholeIn(asked, 'page_size', { from: 0, to: 1000 }) ?? 0,
    pageToken: asked.query.get('page_token') ?? '',
  };
}

/** Names of states, with or without their prefix, in any case: `state=proposed&state=trial`. */
function statesIn({ query }: Asked): string[] {
  const names = query.getAll('state').flatMap((text) => text.split(',').filter(Boolean));
  return names.map((name) => `DELTA_STATE_${name.toUpperCase().replace(/^DELTA_STATE_/, '')}`);
}

/** What the RPCs that inspect answer. */
export function readRoutes(options: ReadsOptions): ApiRoute[] {
  return [...loopRoutes(options), ...deltaRoutes(options)];
}

const { method } = LearningService;

function loopRoutes(options: ReadsOptions): ApiRoute[] {
  const { engine, validate } = options;
  return [
    apiRoute({
      method: 'GET',
      path: '/status',
      who: 'reader',
      doc: {
        id: 'getStatus',
        summary: 'Counters, the newest metrics, rules and subscribers: GetStatus',
        parameters: [...PAGE.map((one) => ({ ...one, name: `subscribers_${one.name}` }))],
        response: messageOf(GetStatusResponseSchema),
      },
      handle: calling(
        method.getStatus,
        validate,
        (asked) => ({
          subscribersPageSize: wholeIn(asked, 'subscribers_page_size', { from: 0, to: 1000 }) ?? 0,
          subscribersPageToken: asked.query.get('subscribers_page_token') ?? '',
        }),
        (request) => getStatus(options, request),
      ),
    }),
    apiRoute({
      method: 'GET',
      path: '/gains',
      who: 'reader',
      doc: {
        id: 'getGains',
        summary: 'What the changes have gained, and what that cost: GetGains',
        parameters: [],
        response: messageOf(GetGainsResponseSchema),
      },
      handle: calling(
        method.getGains,
        validate,
        () => ({}),
        () => getGains(engine),
      ),
    }),
    apiRoute({
      method: 'GET',
      path: '/cycles',
      who: 'reader',
      doc: {
        id: 'listCycles',
        summary: 'Cycles, the newest first: ListCycles',
        parameters: PAGE,
        response: messageOf(ListCyclesResponseSchema),
      },
      handle: calling(method.listCycles, validate, pageIn, (request) =>
        listCycles(engine.ledger.state, request),
      ),
    }),
  ];
}

function deltaRoutes({ engine, validate }: ReadsOptions): ApiRoute[] {
  const { state } = engine.ledger;
  return [
    apiRoute({
      method: 'GET',
      path: '/deltas',
      who: 'reader',
      doc: {
        id: 'listDeltas',
        summary: 'Deltas, the newest first: ListDeltas',
        parameters: [
          {
            name: 'state',
            in: 'query',
            description: 'Only deltas in these states, such as proposed; several with commas',
            schema: TEXT,
          },
          ...PAGE,
        ],
        response: messageOf(ListDeltasResponseSchema),
      },
      handle: calling(
        method.listDeltas,
        validate,
        (asked) => ({ ...pageIn(asked), states: statesIn(asked) }),
        (request) => listDeltas(state, request),
      ),
    }),
    apiRoute({
      method: 'GET',
      path: '/deltas/:id',
      who: 'reader',
      doc: {
        id: 'getDelta',
        summary: 'One delta, with what is known of its effect by now: GetDeltaStatus',
        parameters: [DELTA_ID],
        response: messageOf(GetDeltaStatusResponseSchema),
      },
      handle: calling(
        method.getDeltaStatus,
        validate,
        ({ params }) => ({ deltaId: params.id ?? '' }),
        (request) => getDeltaStatus(state, request),
      ),
    }),
  ];
}
