import { describe, expect, test } from 'vitest';
import { isLoopback, planListener } from '../../src/access/exposure.ts';

test.each([
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['0:0:0:0:0:0:0:1', true],
  ['::ffff:127.0.0.1', true],
  ['localhost', true],
  ['LOCALHOST', true],
  ['0.0.0.0', false],
  ['::', false],
  ['128.0.0.1', false],
  ['10.0.0.1', false],
  ['localhost.example.com', false],
  ['127.0.0.1.example.com', false],
  ['127.1', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

describe('an address', () => {
  const nothing = { hasTls: false, hasTokens: false, insecure: false };
  const spec = (host: string | undefined, security?: 'tls' | 'plain') =>
    ({ flag: '--listen', text: 'ADDR', host, security }) as const;

  test('that only this machine reaches is open to it', () => {
    for (const host of [undefined, '127.0.0.1', '::1', 'localhost']) {
      expect(planListener(spec(host), nothing)).toEqual({ isSecure: false, warning: undefined });
    }
  });

  test('that others reach needs something to keep them out, or a word that it is meant', () => {
    expect(() => planListener(spec('0.0.0.0'), nothing)).toThrow(/^--listen ADDR: .*--insecure/);
    const tls = { ...nothing, hasTls: true };
    expect(planListener(spec('0.0.0.0'), tls)).toEqual({ isSecure: true, warning: undefined });
    expect(() => planListener(spec('0.0.0.0', 'plain'), tls)).toThrow(/nothing keeps them out/);
    const tokens = planListener(spec('::'), { ...nothing, hasTokens: true });
    expect(tokens).toEqual({ isSecure: false, warning: expect.stringMatching(/in the clear/) });
    const meant = planListener(spec('sidecar.test'), { ...nothing, insecure: true });
    expect(meant).toEqual({ isSecure: false, warning: expect.stringMatching(/may do everything/) });
  });

  test('has TLS where there is a certificate, but for unix sockets and where it says otherwise', () => {
    const tls = { ...nothing, hasTls: true };
    expect(planListener(spec('127.0.0.1'), tls).isSecure).toBe(true);
    expect(planListener(spec('127.0.0.1', 'plain'), tls).isSecure).toBe(false);
    expect(planListener(spec(undefined), tls).isSecure).toBe(false);
    expect(planListener(spec(undefined, 'tls'), tls).isSecure).toBe(true);
    expect(() => planListener(spec('127.0.0.1', 'tls'), nothing)).toThrow(
      /there is no certificate/,
    );
  });
});
