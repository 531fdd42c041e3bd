import { expect, test } from 'vitest';
import { printableEntry } from '../../src/runtime/log.ts';

test('on a terminal, what clients send forges no line and moves no cursor; a stack has lines', () => {
  const err = { message: 'a\nb', stack: 'Error: a\n    at here\u001b[2J' };
  const entry = { level: 40, client: 'x\u001b[2J\nforged', values: ['\u202e'], err };
  expect(JSON.parse(printableEntry(JSON.stringify(entry)))).toEqual({
    ...{ level: 40, client: 'x?[2J forged', values: ['?'] },
    err: { message: 'a b', stack: 'Error: a\n    at here?[2J' },
  });
});
