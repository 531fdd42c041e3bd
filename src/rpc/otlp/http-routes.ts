import type { DescMethod } from '@bufbuild/protobuf';
import { type StatusObject, status } from '@grpc/grpc-js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.ts';
import { encode } from '../../wire/encode.ts';
import { readStatusDetails } from '../../wire/error-details.ts';
import type { MethodRule } from '../admission/rules.ts';
import type { FindRoute, HttpAnswer, HttpRoute } from '../http/route.ts';
import type { OtlpExport } from './exports.ts';

const CONTENT_TYPE = 'application/x-protobuf';

/** Exporters repeat 503, and of these no other. */
const HTTP_STATUS: Readonly<Partial<Record<status, number>>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.RESOURCE_EXHAUSTED]: 413,
  [status.UNAVAILABLE]: 503,
  [status.DEADLINE_EXCEEDED]: 503,
};

/** The routes of OTLP over HTTP, in protobuf. */
export function otlpRoutes(
  exports: readonly OtlpExport[],
  ruleOf: (method: DescMethod) => MethodRule,
): FindRoute {
  const routes = new Map<string, HttpRoute>();
  for (const { method, path, run } of exports) {
    routes.set(path, {
      rule: ruleOf(method),
      contentTypes: [CONTENT_TYPE],
      handle: async ({ body }) => answer(200, await run(body)),
      failure,
    });
  }
  return (path) => routes.get(path);
}

function failure(error: StatusObject): HttpAnswer {
  const { code, details } = error;
  const body = detailsOf(error) ?? encode(StatusSchema, { code, message: details });
  const delayMs = readStatusDetails(error).retryDelayMs;
  return answer(HTTP_STATUS[code] ?? 500, body, {
    ...(delayMs === undefined ? {} : { 'retry-after': String(Math.ceil(delayMs / 1000)) }),
    ...(code === status.UNAUTHENTICATED ? { 'www-authenticate': 'Bearer' } : {}),
  });
}

/** The `google.rpc.Status` that gRPC's trailers carry. */
function detailsOf({ metadata }: StatusObject): Buffer | undefined {
  const [bytes] = metadata.get('grpc-status-details-bin');
  return Buffer.isBuffer(bytes) ? bytes : undefined;
}

function answer(
  httpStatus: number,
  body: Uint8Array,
  more: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status: httpStatus, headers: { 'content-type': CONTENT_TYPE, ...more }, body };
}
