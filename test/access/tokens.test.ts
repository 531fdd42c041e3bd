import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTokenFile } from '../../src/access/token-file.ts';
import { checkToken, type RequiredRole, readTokens } from '../../src/access/tokens.ts';
import { LearningError } from '../../src/domain/errors.ts';
import { tempDir } from '../support/sidecar/temp-dir.ts';

function fileOf(text: string): string {
  const path = join(tempDir(), 'tokens');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

const CLIENT = 'c'.repeat(16);
const ADMIN = `${'a'.repeat(508)}!~=,`;

describe('a file of tokens', () => {
  test('holds one a line, beside blank lines and comments', () => {
    const path = fileOf(`# old\n${CLIENT}\r\n\n  ${ADMIN}  \n#${ADMIN}\n`);
    expect(readTokenFile('--token-file', path).tokens).toEqual([CLIENT, ADMIN]);
  });

  test.each([
    ['', 'holds no token'],
    ['# nothing\n', 'holds no token'],
    [`${CLIENT}\n${'c'.repeat(15)}`, ':2: expected a token of 16 to 512 visible ASCII characters'],
    ['c'.repeat(513), ':1: expected a token'],
    ['two words of a token', ':1: expected a token'],
    ['caractères-accentués', ':1: expected a token'],
    [`${CLIENT}\n`.repeat(1001), 'holds more than 1000 tokens'],
  ])('is refused where it holds %j', (text, says) => {
    const path = fileOf(text);
    expect(() => readTokenFile('tokens.client_file', path)).toThrow(
      expect.objectContaining({ name: 'AccessError', message: expect.stringContaining(says) }),
    );
  });

  test('that is too large, or is none, is refused by name', () => {
    const path = fileOf('x'.repeat(1024 * 1024 + 1));
    expect(() => readTokenFile('--token-file', path)).toThrow(/at most 1048576 bytes/);
    expect(() => readTokenFile('--token-file', tempDir())).toThrow(/^--token-file: cannot read /);
  });

  test('that is a device or a pipe is refused: it may never end', () => {
    const says = /^--token-file: cannot read \/dev\/null: expected a regular file$/;
    expect(() => readTokenFile('--token-file', '/dev/null')).toThrow(says);
    const fifo = join(tempDir(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(() => readTokenFile('--token-file', fifo)).toThrow(/expected a regular file$/);
  });

  test('that everybody can read is taken, with a warning', () => {
    const path = fileOf(CLIENT);
    chmodSync(path, 0o644);
    const { warnings } = readTokens({ clientFile: path, adminFile: undefined });
    expect(warnings).toEqual([`tokens.client_file: everybody can read ${path}: chmod o-r it`]);
  });
});

describe('a call', () => {
  const tokens = readTokensHere(CLIENT, ADMIN);
  const reasonOf = (header: string | undefined, need: RequiredRole) => {
    try {
      checkToken(tokens(), header, need);
      return 'OK';
    } catch (error) {
      return error instanceof LearningError ? error.reason : error;
    }
  };

  test.each<[string | undefined, RequiredRole, string]>([
    [`Bearer ${CLIENT}`, 'client', 'OK'],
    [`bearer  ${CLIENT} `, 'any', 'OK'],
    [`Bearer ${ADMIN}`, 'client', 'OK'],
    [`Bearer ${ADMIN}`, 'admin', 'OK'],
    [`Bearer ${CLIENT}`, 'admin', 'NOT_ALLOWED'],
    [undefined, 'any', 'NO_TOKEN'],
    ['', 'client', 'NO_TOKEN'],
    ['Bearer', 'client', 'NO_TOKEN'],
    [`Bearer${CLIENT}`, 'client', 'NO_TOKEN'],
    [`Basic ${CLIENT}`, 'client', 'NO_TOKEN'],
    [CLIENT, 'client', 'NO_TOKEN'],
    [`Bearer ${CLIENT}c`, 'client', 'NO_TOKEN'],
    [`Bearer ${CLIENT} ${CLIENT}`, 'client', 'NO_TOKEN'],
    [`Bearer ${CLIENT.toUpperCase()}`, 'client', 'NO_TOKEN'],
  ])('with %j that takes %s: %s', (header, need, expected) => {
    expect(reasonOf(header, need)).toBe(expected);
  });

  test('a token in both files is one of an admin', () => {
    expect(() =>
      checkToken(readTokensHere(ADMIN, ADMIN)(), `Bearer ${ADMIN}`, 'admin'),
    ).not.toThrow();
  });
});

function readTokensHere(client: string, admin: string) {
  return () => readTokens({ clientFile: fileOf(client), adminFile: fileOf(admin) });
}
