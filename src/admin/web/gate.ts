import type { IncomingMessage } from 'node:http';
import type { Access } from '../../access/access.ts';
import { isLoopback } from '../../access/exposure.ts';
import { certificateFault } from '../../access/http-access.ts';
import type { Role } from '../../access/tokens.ts';
import type { Clock } from '../../domain/clock.ts';
import { LearningError } from '../../domain/errors.ts';
import { HttpError } from './answers.ts';
import { crossSiteFault, type OwnNames } from './cross-site.ts';
import type { Route } from './route.ts';
import { Sessions } from './sessions.ts';

export interface GateOptions {
  readonly access: Access;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** The host of `--admin-listen`, and whether it has TLS. */
  readonly listener: { readonly host: string; readonly isSecure: boolean };
  /** `admin.hosts`. */
  hosts(): readonly string[];
}

/** What a caller may do. */
export interface Rights {
  /** `undefined` without a known token. */
  readonly role: Role | undefined;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
}

const READ_ONLY =
  'changes are served on a loopback address only, as there are no tokens: set tokens.admin_file';

/** Decides who may ask for what. */
export class Gate {
  readonly #options: GateOptions;
  readonly #sessions: Sessions;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.clock);
  }

  get needsTokens(): boolean {
    return this.#options.access.hasTokens;
  }

  /** Throws an `HttpError` if the request may not ask for the route. */
  check(request: IncomingMessage, { who, isApi }: Pick<Route, 'who' | 'isApi'>): void {
    if (who === 'anyone') return;
    const refused = certificateFault(this.#options.access, request);
    if (refused !== undefined) throw new HttpError(403, 'NOT_ALLOWED', refused);
    if (who !== 'scraper') {
      const own: OwnNames = {
        listenHost: this.#options.listener.host,
        hosts: this.#options.hosts(),
      };
      const fault = crossSiteFault(request.headers, own, isApi !== true);
      if (fault !== undefined) throw new HttpError(403, 'CROSS_SITE', fault);
    }
    if (who === 'visitor') return;
    if (who === 'operator' && !this.needsTokens && !isLoopback(this.#options.listener.host)) {
      throw new HttpError(403, 'NOT_ALLOWED', READ_ONLY);
    }
    this.#checkToken(request, who === 'operator');
  }

  /** What the caller of a request may do. */
  rightsOf(request: IncomingMessage): Rights {
    return this.needsTokens ? rightsOf(this.#roleOf(request, false)) : this.rightsWithout();
  }

  /** What a caller without a token may do. */
  rightsWithout(): Rights {
    if (this.needsTokens) return rightsOf(undefined);
    const mayWrite = isLoopback(this.#options.listener.host);
    return { role: undefined, mayRead: true, mayWrite };
  }

  /** Exchanges a token for a session, and returns its cookie. Throws an `HttpError` for a token that is not known. */
  begin(token: string): { readonly cookie: string; readonly rights: Rights } {
    const { access } = this.#options;
    const digest = access.digestOf(`Bearer ${token}`);
    if (digest === undefined) throw noToken('the token is not known');
    const cookie = this.#cookie(this.#sessions.begin(digest));
    return { cookie, rights: rightsOf(access.roleOf(digest)) };
  }

  /** Ends the session of a request; returns the cookie that takes it away. */
  end(request: IncomingMessage): string {
    const id = this.#sessionOf(request);
    if (id !== undefined) this.#sessions.end(id);
    return `${this.#cookie('')}; Max-Age=0`;
  }

  #checkToken(request: IncomingMessage, isOperator: boolean): void {
    if (!this.needsTokens) return;
    const role = this.#roleOf(request, true);
    if (role === 'admin' || (role === 'client' && !isOperator)) return;
    if (role === 'client') {
      throw new HttpError(
        403,
        'NOT_ALLOWED',
        'expected a token of the role admin, found one of client',
      );
    }
    const { authorization } = request.headers;
    if (authorization === undefined && this.#sessionOf(request) !== undefined) {
      throw noToken('the session has ended: sign in again');
    }
    try {
      this.#options.access.check(authorization, 'any');
    } catch (error) {
      throw error instanceof LearningError ? noToken(error.message) : error;
    }
  }

  #roleOf(request: IncomingMessage, isUse: boolean): Role | undefined {
    const { access } = this.#options;
    const { authorization } = request.headers;
    const id = this.#sessionOf(request);
    const ofSession = () => (id === undefined ? undefined : this.#sessions.digestOf(id, isUse));
    const digest = authorization === undefined ? ofSession() : access.digestOf(authorization);
    return digest && access.roleOf(digest);
  }

  get #cookieName(): string {
    return this.#options.listener.isSecure ? '__Host-learning_session' : 'learning_session';
  }

  #cookie(id: string): string {
    const secure = this.#options.listener.isSecure ? '; Secure' : '';
    return `${this.#cookieName}=${id}; Path=/; HttpOnly; SameSite=Strict${secure}`;
  }

  #sessionOf({ headers }: IncomingMessage): string | undefined {
    const wanted = `${this.#cookieName}=`;
    const parts = (headers.cookie ?? '').split(';').map((part) => part.trim());
    return parts.find((part) => part.startsWith(wanted))?.slice(wanted.length);
  }
}

function rightsOf(role: Role | undefined): Rights {
  return { role, mayRead: role !== undefined, mayWrite: role === 'admin' };
}

function noToken(message: string): HttpError {
  return new HttpError(401, 'NO_TOKEN', message, { headers: { 'www-authenticate': 'Bearer' } });
}
