import type { IncomingMessage, ServerResponse } from 'node:http';

/** Methods that routes have. HEAD is answered as GET, without the body. */
export type HttpMethod = 'GET' | 'POST' | 'DELETE';

/**
 * Who may ask. `anyone`: probes, from anywhere; `scraper`: a reader, from anywhere; `visitor`: everybody who may
 * connect, but no other site; `reader`: also needs a token or a session, where there are tokens; `operator`: needs those
 * of the role admin or, without tokens, a listener on loopback.
 */
export type Who = 'anyone' | 'scraper' | 'visitor' | 'reader' | 'operator';

/** A request that was let in. */
export interface Asked {
  /** The path's `:names`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The body, parsed from JSON; `undefined` without one. */
  readonly body: unknown;
  readonly request: IncomingMessage;
}

/** An answer; one of the second kind writes the response by itself, and ends it. */
export type WebAnswer =
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      readonly body: string | Uint8Array;
    }
  | { readonly stream: (response: ServerResponse) => void };

/** What is served at a path. */
export interface Route {
  readonly method: HttpMethod;
  /** Segments are fixed, or `:name` for any one segment. */
  readonly path: string;
  readonly who: Who;
  /** Whether errors are told as JSON. */
  readonly isApi?: true;
  handle(asked: Asked): WebAnswer | Promise<WebAnswer>;
}

/** A route, and the values of its path's names. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the routes of a path, of every method. */
export function createMatcher(routes: readonly Route[]): (path: string) => readonly Match[] {
  const table = routes.map((route) => ({ route, segments: route.path.split('/') }));
  return (path) => {
    const asked = path.split('/');
    return table.flatMap(({ route, segments }) => {
      const params = paramsOf(segments, asked);
      return params === undefined ? [] : [{ route, params }];
    });
  };
}

function paramsOf(
  segments: readonly string[],
  asked: readonly string[],
): Record<string, string> | undefined {
  if (segments.length !== asked.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const found = asked[index] ?? '';
    if (!segment.startsWith(':')) {
      if (segment !== found) return undefined;
      continue;
    }
    const value = decoded(found);
    if (value === undefined || value === '') return undefined;
    params[segment.slice(1)] = value;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
