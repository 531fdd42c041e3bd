import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const FOLDERS = ['src', 'proto', 'test', 'docs', 'config', 'scripts', 'bench'];

/** Paths of the files in the root and in folders that pages name files of. */
const files = [
  ...readdirSync('.'),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ),
];

test.for(['ARCHITECTURE.md', 'CONTRIBUTING.md'])('%s names files that exist', (page) => {
  const text = readFileSync(page, 'utf8');
  const names = text.match(/[\w./-]+\.(?:ts|proto|ya?ml|json|md)\b/g) ?? [];
  const isThere = (name: string) => files.some((path) => `/${path}`.endsWith(`/${name}`));
  expect(names.filter((name) => !isThere(name))).toEqual([]);
});

test('the glossary has at most 30 terms', () => {
  const section = /^## Glossary$(.*?)^## /ms.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[1];
  const rows = section?.match(/^\| .* \|$/gm) ?? [];
  // One row is the head.
  expect(rows.length - 1).toBeGreaterThan(20);
  expect(rows.length - 1).toBeLessThanOrEqual(30);
});

test('README.md has at most 130 lines', () => {
  expect(readFileSync('README.md', 'utf8').split('\n').length - 1).toBeLessThanOrEqual(130);
});
