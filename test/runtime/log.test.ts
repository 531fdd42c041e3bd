import { expect, test } from 'vitest';
import { boundedEntry, printableEntry } from '../../src/runtime/log.ts';

test('on a terminal, what clients send forges no line and moves no cursor; a stack has lines', () => {
  const err = { message: 'a\nb', stack: 'Error: a\n    at here\u001b[2J' };
  const entry = { level: 40, client: 'x\u001b[2J\nforged', values: ['\u202e'], err };
  expect(JSON.parse(printableEntry(JSON.stringify(entry)))).toEqual({
    ...{ level: 40, client: 'x?[2J forged', values: ['?'] },
    err: { message: 'a b', stack: 'Error: a\n    at here?[2J' },
  });
});

test('a long line has its texts and lists cut short; another is written as it is', () => {
  const usual = '{ "msg": "x" }\n';
  expect(boundedEntry(usual)).toBe(usual);
  const long = { level: 40, msg: 'x', reason: 'é'.repeat(1e6), list: Array(100).fill('y') };
  const line = boundedEntry(`${JSON.stringify(long)}\n`);
  expect(line.at(-1)).toBe('\n');
  const { reason, list, ...others } = JSON.parse(line);
  expect(others).toEqual({ level: 40, msg: 'x' });
  expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(4096);
  expect(reason.at(-1)).toBe('…');
  expect(list).toHaveLength(20);
});
