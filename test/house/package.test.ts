import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { tempDir } from '../support/sidecar/temp-dir.ts';

/** Paths of what `npm pack` would pack; what is built of it may not be there. */
function packed(): string[] {
  const args = ['pack', '--dry-run', '--ignore-scripts', '--json'];
  const [pack] = JSON.parse(execFileSync('npm', args, { encoding: 'utf8' }));
  return pack.files.map(({ path }: { readonly path: string }) => path);
}

/** Where the links of a Markdown file lead that lead to no other host. */
function linkedFrom(path: string): string[] {
  const links = readFileSync(path, 'utf8').matchAll(/\]\((?<to>[^)\s#]+)(?:#[^)\s]*)?\)/g);
  const targets = [...links].map(({ groups }) => groups?.to ?? '');
  const relative = targets.filter((to) => !/^[a-z]+:/.test(to));
  return relative.map((to) => normalize(join(dirname(path), to)));
}

test('links in the package lead to what is packed', () => {
  const files = packed();
  const pages = files.filter((path) => path.endsWith('.md'));
  expect(pages).toContain('README.md');
  expect(linkedFrom('README.md')).toContain(normalize('docs/operations.md'));
  expect(linkedFrom('README.md')).toContain(normalize('docs/loop.svg'));
  const isPacked = (to: string) => files.some((path) => path === to || path.startsWith(`${to}/`));
  const broken = pages.flatMap((page) =>
    linkedFrom(page)
      .filter((to) => !isPacked(to))
      .map((to) => `${page}: ${to}`),
  );
  expect(broken).toEqual([]);
});

/** What GitHub calls a heading's anchor. */
function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, '');
  return words.replaceAll(' ', '-');
}

test('links to a part of a page lead to a heading', () => {
  const pages = packed().filter((path) => path.endsWith('.md'));
  const anchorsOf = (page: string) => {
    const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm);
    return new Set([...headings].map(([, heading = '']) => anchorOf(heading)));
  };
  const broken = pages.flatMap((page) => {
    const links = readFileSync(page, 'utf8').matchAll(/\]\((?<to>[^):\s#]*)#(?<part>[^)\s]+)\)/g);
    return [...links].flatMap(({ groups: { to = '', part = '' } = {} }) => {
      const target = to === '' ? page : normalize(join(dirname(page), to));
      return anchorsOf(target).has(part) ? [] : [`${page}: ${to}#${part}`];
    });
  });
  expect(broken).toEqual([]);
});

/** Runs a copy or the original of src/main.ts as if this were Node 20. */
function runOnOldNode(path: string): { code: number | null; said: string } {
  const old = 'Object.defineProperty(process, "versions", { value: { node: "20.19.0" } })';
  const args = ['--import', `data:text/javascript,${encodeURIComponent(old)}`, path];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { code: status, said: stderr };
}

test('on a Node that is too old it says what to do, in a clone and where it is installed', () => {
  expect(runOnOldNode('src/main.ts')).toEqual({
    code: 1,
    said: expect.stringMatching(/needs Node 24 or newer.*npm start/),
  });
  const installed = join(tempDir(), 'main.mjs');
  writeFileSync(installed, readFileSync('src/main.ts'));
  const { code, said } = runOnOldNode(installed);
  expect(code).toBe(1);
  expect(said).toMatch(/needs Node 24 or newer.*npm install node@24/);
  expect(said).not.toMatch(/npm start|npm ci/);
});
