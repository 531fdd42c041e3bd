import { hash } from 'node:crypto';
import { type StatusObject, status } from '@grpc/grpc-js';
import { malformed } from '../../domain/errors.ts';
import { kindOf, own, type Value } from '../../domain/value.ts';
import type { MethodRule } from '../admission/rules.ts';
import type { FindRoute, HttpAnswer, HttpRequest, HttpRoute } from '../http/route.ts';
import type { Evaluator } from './evaluation.ts';
import { evaluationJson } from './flag-json.ts';

// OpenFeature's remote evaluation protocol, 0.3.0.

/** The path of all parameters; the path of one has its name behind this. */
const PATH = '/ofrep/v1/evaluate/flags';

const JSON_TYPE = 'application/json';

/** HTTP status by code. Never 429, which keeps Python's provider from asking until a given time. */
const HTTP_STATUS: Readonly<Partial<Record<status, number>>> = {
  [status.INVALID_ARGUMENT]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.NOT_FOUND]: 404,
  [status.RESOURCE_EXHAUSTED]: 413,
  [status.UNAVAILABLE]: 503,
};

const ERROR_CODES: Readonly<Partial<Record<status, string>>> = {
  [status.INVALID_ARGUMENT]: 'PARSE_ERROR',
  [status.NOT_FOUND]: 'FLAG_NOT_FOUND',
};

/** The routes of OFREP. */
export function ofrepRoutes(evaluator: Evaluator, ruleOf: (path: string) => MethodRule): FindRoute {
  const contentTypes = [JSON_TYPE];
  const all: HttpRoute = {
    rule: ruleOf(PATH),
    contentTypes,
    handle: (request) => evaluateAll(evaluator, request),
    failure: (error) => failure(error),
  };
  const one: HttpRoute = {
    rule: ruleOf(`${PATH}/{key}`),
    contentTypes,
    handle: (request) => evaluateOne(evaluator, request),
    failure: (error, { path }) => failure(error, keyIn(path) ?? ''),
  };
  return (path) => {
    if (path === PATH) return all;
    return path.startsWith(`${PATH}/`) ? one : undefined;
  };
}

async function evaluateOne(evaluator: Evaluator, { path, body }: HttpRequest): Promise<HttpAnswer> {
  const key = keyIn(path);
  if (key === undefined) throw malformed('the key in the path is not valid');
  return answer(200, evaluationJson(await evaluator.one(key, 'any', contextIn(body))));
}

function evaluateAll(evaluator: Evaluator, { headers, body }: HttpRequest): HttpAnswer {
  const flags = evaluator.all(contextIn(body)).map(evaluationJson);
  const text = `{"flags":[${flags.join(',')}],"metadata":${JSON.stringify(evaluator.metadata())}}`;
  const etag = `"${hash('sha256', text).slice(0, 32)}"`;
  const known = headers['if-none-match'] ?? '';
  if (known.includes(etag)) return { status: 304, headers: { etag }, body: '' };
  return answer(200, text, { etag });
}

/** The key of a flag: the decoded end of a path; `undefined` if it cannot be decoded. */
function keyIn(path: string): string | undefined {
  try {
    return decodeURIComponent(path.slice(PATH.length + 1));
  } catch {
    return undefined;
  }
}

/** The context in the body of a request. Throws MALFORMED. */
function contextIn(body: Buffer): Value | undefined {
  let request: Value;
  try {
    request = JSON.parse(body.toString());
  } catch (error) {
    throw malformed('the request is not valid JSON', error);
  }
  if (kindOf(request) !== 'object') {
    throw malformed('expected an object with a context');
  }
  // `kindOf` has found an object.
  return own(request as { readonly [key: string]: Value }, 'context');
}

function failure({ code, details: errorDetails }: StatusObject, key?: string): HttpAnswer {
  const errorCode = ERROR_CODES[code] ?? 'GENERAL';
  const more = code === status.UNAUTHENTICATED ? { 'www-authenticate': 'Bearer' } : {};
  const text = JSON.stringify({ key, errorCode, errorDetails });
  return answer(HTTP_STATUS[code] ?? 500, text, more);
}

function answer(
  httpStatus: number,
  body: string,
  more: Readonly<Record<string, string>> = {},
): HttpAnswer {
  return { status: httpStatus, headers: { 'content-type': JSON_TYPE, ...more }, body };
}
