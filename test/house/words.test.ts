import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Words that do not belong in comments, messages and docs, and what to write instead. */
const WORDS: Readonly<Record<string, string>> = {
  hence: 'so, therefore',
  whence: 'from where',
  whereby: 'by which',
  thereof: 'of it',
  lest: 'so that it does not',
  befall: 'happen to',
};

const DOCS = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'];

/** Files under a folder that a person writes. */
function filesIn(folder: string, extension: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension) && !name.startsWith('gen/'))
    .map((name) => join(folder, name));
}

/** A file's text with the breaks of its lines, and what begins a comment's line, taken for spaces. */
function textOf(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(/\s*\n\s*(?:\*(?!\/)|\/\/|#)?\s*/g, ' ');
}

/** Made by scripts, from texts elsewhere. */
const GENERATED = ['docs/api.md', 'docs/figures.md'];

const files = [
  ...filesIn('src', '.ts'),
  ...filesIn('docs', '.md').filter((path) => !GENERATED.includes(path)),
  ...DOCS,
];
const texts = files.map((path) => ({ path, text: textOf(path) }));

test.for(Object.entries(WORDS))('nothing says "%s", but: %s', ([word]) => {
  const pattern = new RegExp(`.{0,40}\\b${word}\\b.{0,40}`, 'gi');
  const found = texts.flatMap(({ path, text }) =>
    [...text.matchAll(pattern)].map(([line]) => `${path}: …${line}…`),
  );
  expect(found).toEqual([]);
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
