import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type InputOptions, type OutputChunk, rolldown } from 'rolldown';

/** The files of the page by path: `index.html`, and `assets/…`, whose names hold their hashes. */
export type PageFiles = ReadonlyMap<string, Uint8Array>;

const pathOf = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Bundles the page from its sources: a script, the worker that verifies, a style sheet and the document. */
export async function bundlePage(): Promise<PageFiles> {
  const [main, worker, style, icon] = await Promise.all([
    bundled('main.tsx', 'main'),
    bundled('verify-worker.ts', 'verify'),
    styles(),
    readFile(pathOf('icon.svg')),
  ]);
  const styleName = named('page', style, 'css');
  const iconName = named('icon', icon, 'svg');
  const document = await readFile(pathOf('index.html'), 'utf8');
  const filled = document
    .replace('{{script}}', `/${main.name}`)
    .replace('{{worker}}', `/${worker.name}`)
    .replace('{{style}}', `/${styleName}`)
    .replace('{{icon}}', `/${iconName}`);
  return new Map([
    ['index.html', new TextEncoder().encode(filled)],
    [main.name, main.content],
    [worker.name, worker.content],
    [styleName, style],
    [iconName, icon],
  ]);
}

interface Named {
  readonly name: string;
  readonly content: Uint8Array;
}

/** @param file in src/page */
async function bundled(file: string, name: string): Promise<Named> {
  const options: InputOptions = {
    input: pathOf(file),
    platform: 'browser',
    resolve: { alias: { 'node:crypto': pathOf('verify/hash.ts') } },
    transform: { jsx: { runtime: 'automatic', importSource: 'preact' }, target: 'es2024' },
  };
  await using bundle = await rolldown(options);
  const { output } = await bundle.generate({ format: 'es', minify: true, codeSplitting: false });
  const chunks = output.filter((one): one is OutputChunk => one.type === 'chunk');
  const content = new TextEncoder().encode(chunks.map(({ code }) => code).join('\n'));
  return { name: named(name, content, 'js'), content };
}

const STYLES = ['theme', 'layout', 'parts', 'charts', 'tables', 'narrow'];

/** The style sheet of the charts' library, and the page's own. */
async function styles(): Promise<Uint8Array> {
  const { resolve } = createRequire(import.meta.url);
  const files = [
    resolve('uplot/dist/uPlot.min.css'),
    ...STYLES.map((name) => pathOf(`${name}.css`)),
  ];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return new TextEncoder().encode(texts.join('\n'));
}

function named(name: string, content: Uint8Array, extension: string): string {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 12);
  return `assets/${name}-${hash}.${extension}`;
}
