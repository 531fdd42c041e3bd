import { readFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { CODE_OF_REASON } from '../../src/wire/status.ts';

const PROTO = new URL('../../proto/learning/v1/learning_service.proto', import.meta.url);

test('the contract tells each reason, with its code', () => {
  const rows = readFileSync(PROTO, 'utf8').matchAll(/^\/\/ \| ([A-Z_]+) \| ([A-Z_]+) \|/gm);
  const told = Object.fromEntries([...rows].map(([, code, reason]) => [reason, code]));
  const meant = Object.entries(CODE_OF_REASON).map(([reason, code]) => [reason, status[code]]);
  expect(told).toEqual(Object.fromEntries(meant));
});
