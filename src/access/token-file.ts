import { AccessError } from './access-error.ts';
import { readAccessFile } from './read-file.ts';

/** Shorter tokens can be guessed; longer tokens do not fit well into a header. */
const TOKEN_LENGTH = { min: 16, max: 512 } as const;

/** Maximum number of tokens in one file: the token of each call is compared with all. */
const MAX_TOKENS = 1000;

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** The content of a file of tokens. */
export interface TokenFile {
  /** At least one. */
  readonly tokens: readonly string[];
  /** About the file; no reason to refuse it. */
  readonly warnings: readonly string[];
}

/**
 * Reads tokens, one a line; blank lines and those that begin with # are left out. Throws an
 * `AccessError` that names the file and the line, never the token.
 *
 * @param what the file's key in the config, or its flag, for messages
 */
export function readTokenFile(what: string, path: string): TokenFile {
  const { text, warnings } = readAccessFile(what, path);
  const tokens: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const fault = faultOf(line);
    if (fault !== undefined) throw new AccessError(`${what}: ${path}:${index + 1}: ${fault}`);
    tokens.push(line);
  }
  if (tokens.length === 0) throw new AccessError(`${what}: ${path} holds no token`);
  if (tokens.length > MAX_TOKENS) {
    throw new AccessError(`${what}: ${path} holds more than ${MAX_TOKENS} tokens`);
  }
  return { tokens, warnings };
}

function faultOf(token: string): string | undefined {
  const { min, max } = TOKEN_LENGTH;
  if (token.length >= min && token.length <= max && VISIBLE_ASCII.test(token)) return undefined;
  return `expected a token of ${min} to ${max} visible ASCII characters`;
}
