import type { DescMessage } from '@bufbuild/protobuf';
import { LearningAdminService } from '../../gen/learning/v1/admin_service_pb.ts';
import { LearningService } from '../../gen/learning/v1/learning_service_pb.ts';
import { json } from '../web/answers.ts';
import {
  API_ROOT,
  type ApiRoute,
  apiRoute,
  type ParameterDoc,
  type RouteDoc,
} from './route-table.ts';
import { described, listOf, objectOf, type Schema, schemasOf, TEXT } from './schema.ts';

const ERROR: Schema = objectOf({
  code: described(TEXT, 'Such as DELTA_NOT_FOUND'),
  message: TEXT,
  fields: listOf(objectOf({ field: TEXT, description: TEXT })),
});

/** The messages that answers may refer to. */
const MESSAGES: readonly DescMessage[] = [LearningService, LearningAdminService].flatMap(
  ({ methods }) =>
    methods.filter(({ methodKind }) => methodKind === 'unary').map(({ output }) => output),
);

/** The route of the API's description. */
export function descriptionRoute(routes: readonly ApiRoute[]): ApiRoute {
  const own = apiRoute({
    method: 'GET',
    path: '/openapi.json',
    who: 'reader',
    doc: {
      id: 'describe',
      summary: 'This description',
      parameters: [],
      response: { type: 'object' },
    },
    handle: () => json(describeApi([...routes, own])),
  });
  return own;
}

/** An OpenAPI 3.1 document of the routes. */
export function describeApi(routes: readonly ApiRoute[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { path, method, doc, who } of routes) {
    const template = path.replace(/:(\w+)/g, '{$1}');
    const operations = paths[template] ?? {};
    paths[template] = operations;
    operations[method.toLowerCase()] = operationOf(doc, who === 'operator');
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'learning-sidecar',
      version: 'v1',
      description:
        `What the page shows and does, as JSON, under ${API_ROOT} of the admin listener. Whole numbers of 64 bits ` +
        'are texts, as proto3 JSON has them. See docs/observing.md.',
    },
    paths,
    components: {
      schemas: { Error: ERROR, ...schemasOf(MESSAGES) },
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'learning_session' },
      },
    },
    security: [{}, { token: [] }, { session: [] }],
  };
}

function operationOf(doc: RouteDoc, isWrite: boolean): object {
  const { id, summary, parameters, request, response, mediaType = 'application/json' } = doc;
  const error = {
    description: 'Refused, or failed',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
  return {
    operationId: id,
    summary,
    tags: [isWrite ? 'change' : 'read'],
    parameters: parameters.map(parameterOf),
    ...(request === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: request } } } }),
    responses: {
      '200': { description: 'Done', content: { [mediaType]: { schema: response } } },
      default: error,
    },
  };
}

function parameterOf({ name, in: place, description, schema }: ParameterDoc): object {
  return { name, in: place, description, required: place === 'path', schema };
}
