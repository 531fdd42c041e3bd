import { json } from '../web/answers.ts';
import type { Gate, Rights } from '../web/gate.ts';
import type { Asked } from '../web/route.ts';
import { bodyFields } from './calls.ts';
import { type ApiRoute, apiRoute, invalidQuery } from './route-table.ts';
import { described, FLAG, objectOf, TEXT } from './schema.ts';

const SESSION = objectOf(
  {
    needsToken: described(FLAG, 'Whether callers need a token'),
    mayRead: FLAG,
    mayWrite: FLAG,
  },
  { role: { type: 'string', enum: ['client', 'admin'] } },
);

/** What a caller may do, and the exchange of a token for a session. */
export function sessionRoutes(gate: Gate): ApiRoute[] {
  const told = ({ role, mayRead, mayWrite }: Rights) => ({
    needsToken: gate.needsTokens,
    ...{ mayRead, mayWrite },
    ...(role === undefined ? {} : { role }),
  });
  return [
    apiRoute({
      method: 'GET',
      path: '/session',
      who: 'visitor',
      doc: {
        id: 'getSession',
        summary: 'What the caller may do',
        parameters: [],
        response: SESSION,
      },
      handle: ({ request }) => json(told(gate.rightsOf(request))),
    }),
    apiRoute({
      method: 'POST',
      path: '/session',
      who: 'visitor',
      doc: {
        id: 'beginSession',
        summary: 'Exchanges a token for a session, which a cookie names; 15 minutes unused end it',
        parameters: [],
        request: objectOf({ token: TEXT }),
        response: SESSION,
      },
      handle(asked: Asked) {
        const { token } = bodyFields(asked);
        if (typeof token !== 'string') throw invalidQuery('token', 'expected a token');
        const { cookie, rights } = gate.begin(token);
        return json(told(rights), 200, { 'set-cookie': cookie });
      },
    }),
    apiRoute({
      method: 'DELETE',
      path: '/session',
      who: 'visitor',
      doc: {
        id: 'endSession',
        summary: 'Ends the session',
        parameters: [],
        response: SESSION,
      },
      handle({ request }) {
        const cookie = gate.end(request);
        return json(told(gate.rightsWithout()), 200, { 'set-cookie': cookie });
      },
    }),
  ];
}
