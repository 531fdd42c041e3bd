import { hash, timingSafeEqual } from 'node:crypto';
import { LearningError } from '../domain/errors.ts';
import { readTokenFile } from './token-file.ts';

/** What the bearer of a token may call: LearningService, or both services. */
export type Role = 'client' | 'admin';

/** What a call takes; `any`: a token of whichever role. */
export type Need = Role | 'any';

/** Where the tokens are. */
export interface TokenPaths {
  readonly clientFile: string | undefined;
  readonly adminFile: string | undefined;
}

interface KnownToken {
  readonly digest: Buffer;
  readonly role: Role;
}

/** The tokens that hold, as they were read. */
export interface Tokens {
  readonly known: readonly KnownToken[];
  /** What is odd about the files, and no reason to refuse them. */
  readonly warnings: readonly string[];
}

/** Reads the tokens. Throws an `AccessError` where a file cannot be taken. */
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
 * Throws NO_TOKEN where the header shows no token that is known, and NOT_ALLOWED where it shows
 * one that is not enough.
 *
 * @param header `Authorization`, as it was sent
 */
export function checkToken(tokens: Tokens, header: string | undefined, need: Need): void {
  if (header === undefined || header === '') {
    throw noToken('expected a token: authorization: Bearer <token>, found no such header');
  }
  const token = /^Bearer +(?<token>[\x21-\x7e]+) *$/i.exec(header)?.groups?.token;
  if (token === undefined) {
    throw noToken('expected authorization: Bearer <token>, found another scheme or no token');
  }
  const role = roleOf(tokens, token);
  if (role === undefined) throw noToken('the token is not known');
  if (need === 'admin' && role !== 'admin') {
    throw new LearningError(
      'NOT_ALLOWED',
      'expected a token of the role admin, found one of client',
    );
  }
}

function roleOf({ known }: Tokens, token: string): Role | undefined {
  const digest = digestOf(token);
  let found: Role | undefined;
  // To the end whatever is found, and over digests: how long it takes tells nothing.
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
