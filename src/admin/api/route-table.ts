import { HttpError } from '../web/answers.ts';
import type { Asked, HttpMethod, Route, Who } from '../web/route.ts';
import type { Schema } from './schema.ts';

/** A parameter in a route's path or query. */
export interface ParameterDoc {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly schema: Schema;
}

/** What the API's description says of a route. */
export interface RouteDoc {
  readonly id: string;
  readonly summary: string;
  readonly parameters: readonly ParameterDoc[];
  /** Of the body of a request; absent if it has none. */
  readonly request?: Schema;
  /** Of the answer 200. */
  readonly response: Schema;
  /** The media type of the answer; absent for JSON. */
  readonly mediaType?: string;
}

/** A route of the API, which cannot be without its description. */
export interface ApiRoute extends Route {
  readonly isApi: true;
  readonly doc: RouteDoc;
}

/** The root of the API. */
export const API_ROOT = '/api/v1';

interface RouteParts {
  readonly method: HttpMethod;
  /** Below `API_ROOT`. */
  readonly path: string;
  readonly who: Who;
  readonly doc: RouteDoc;
  readonly handle: ApiRoute['handle'];
}

export function apiRoute({ path, ...parts }: RouteParts): ApiRoute {
  return { ...parts, path: `${API_ROOT}${path}`, isApi: true };
}

/** A whole number in a query; `undefined` if it is left out. Throws an `HttpError` for anything else. */
export function wholeIn(
  { query }: Pick<Asked, 'query'>,
  field: string,
  { from, to }: { readonly from: number; readonly to: number },
): number | undefined {
  const text = query.get(field);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= from && value <= to) return value;
  throw invalidQuery(field, `expected a whole number from ${from} to ${to}`);
}

export function invalidQuery(field: string, description: string): HttpError {
  const fields = [{ field, description }];
  return new HttpError(400, 'INVALID_FIELD', `${field}: ${description}`, { fields });
}
