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
  whoever: 'a client, an operator, anyone who',
  beneath: 'below, under',
  'in vain': 'without effect',
  'so much': 'the amount itself',
  'so long': 'the time itself',
  'so many': 'the number itself',
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
  ...filesIn('src', '.tsx'),
  ...filesIn('docs', '.md').filter((path) => !GENERATED.includes(path)),
  ...DOCS,
];
const texts = files.map((path) => ({ path, text: textOf(path) }));

test.for(Object.entries(WORDS))('nothing says "%s", but: %s', ([word]) => {
  const found = texts.flatMap(({ path, text }) =>
    [...text.matchAll(new RegExp(`\\b${word}\\b`, 'gi'))].map(
      ({ index }) => `${path}: …${text.slice(Math.max(0, index - 40), index + 50)}…`,
    ),
  );
  expect(found).toEqual([]);
});
