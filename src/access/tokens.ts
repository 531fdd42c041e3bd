import { hash, timingSafeEqual } from 'node:crypto';
import { LearningError } from '../domain/errors.ts';
import { readTokenFile } from './token-file.ts';

/** What the bearer of a token may call: LearningService (`client`), or LearningAdminService, too (`admin`). */
export type Role = 'client' | 'admin';

/** The role that a call's token must have. */
export type RequiredRole = Role | 'any';

/** The files of tokens. */
export interface TokenPaths {
  readonly clientFile: string | undefined;
  readonly adminFile: string | undefined;
}

interface KnownToken {
  readonly digest: Buffer;
  readonly role: Role;
}

/** The valid tokens. */
export interface Tokens {
  readonly known: readonly KnownToken[];
  /** About the files; no reason to refuse them. */
  readonly warnings: readonly string[];
}

/** Reads the tokens. Throws an `AccessError` if a file cannot be used. */
export function readTokens(paths: TokenPaths): Tokens {
  const known: KnownToken[] = [];
  const warnings: string[] = [];
  const read = (what: string, path: string | undefined, role: Role) => {
    if (path === undefined) return;
    const file = readTokenFile(what, path);
    warnings.push(...file.warnings);
    for (const token of file.tokens) known.push({ digest: digestOf(token), role });
  };
  read('tokens.client_file', paths.clientFile, 'client');
  read('tokens.admin_file', paths.adminFile, 'admin');
  return { known, warnings };
}

/**
 * Throws NO_TOKEN if the header shows no known token, and NOT_ALLOWED if the token does not suffice.
 *
 * @param header `Authorization`, as sent
 */
export function checkToken(tokens: Tokens, header: string | undefined, need: RequiredRole): void {
  if (header === undefined || header === '') {
    throw noToken('expected a token: authorization: Bearer <token>, found no such header');
  }
  const digest = digestIn(header);
  if (digest === undefined) {
    throw noToken('expected authorization: Bearer <token>, found another scheme or no token');
  }
  const role = roleOf(tokens, digest);
  if (role === undefined) throw noToken('the token is not known');
  if (need === 'admin' && role !== 'admin') {
    throw new LearningError(
      'NOT_ALLOWED',
      'expected a token of the role admin, found one of client',
    );
  }
}

/** The SHA-256 of the token in a header `Authorization`; `undefined` if it holds none. */
export function digestIn(header: string): Buffer | undefined {
  const token = /^Bearer +(?<token>[\x21-\x7e]+) *$/i.exec(header)?.groups?.token;
  return token === undefined ? undefined : digestOf(token);
}

/** The role of the token with a digest; `undefined` if it is not known. */
export function roleOf({ known }: Tokens, digest: Buffer): Role | undefined {
  let found: Role | undefined;
  // All tokens are compared, and by their digests, so that the time taken reveals nothing.
  for (const { digest: one, role } of known) {
    if (timingSafeEqual(one, digest) && found !== 'admin') found = role;
  }
  return found;
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

function noToken(message: string): LearningError {
  return new LearningError('NO_TOKEN', message);
}
