import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runHere } from './command-line.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

/** What is not documented there: every command has it. */
const COMMON = ['help', '--help'];

test.for([
  ['every command', ['--help'], /^ {2}([a-z-]+) /gm],
  ['every flag of serve', ['serve', '--help'], /^ {2}(--[a-z-]+)/gm],
  ['every variable of serve', ['serve', '--help'], /(LEARNING_SIDECAR_[A-Z_]+)/g],
  ['every flag of where the sidecar is', ['report', '--help'], /^ {2}(--t[a-z-]+)/gm],
] as const)('docs/configuration.md names %s', async ([, args, pattern]) => {
  const { out } = await runHere(args);
  const names = [...out.matchAll(pattern)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(1);
  const missing = names.filter((name) => !COMMON.includes(name) && !page.includes(`\`${name}`));
  expect(missing).toEqual([]);
});
