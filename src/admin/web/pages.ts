import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { messageOf } from '../../domain/errors.ts';
import { caused, HttpError } from './answers.ts';
import type { Asked, Route, WebAnswer } from './route.ts';

/** The files of the page by path, such as `index.html` and `assets/main-1a2b.js`. */
export type PageFiles = ReadonlyMap<string, Uint8Array>;

/** Paths of the page's views: each is answered with its one HTML, which shows the view. */
const VIEWS = [
  '/',
  '/deltas',
  '/deltas/:id',
  '/parameters',
  '/rules',
  '/subscribers',
  '/cycles',
  '/health',
];

/** What the page may do: load its own files, and talk to this host. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SECURITY = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** A file as it is sent. */
interface PageFile {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly packed: Uint8Array;
}

const pack = promisify(gzip);

/** The page: one HTML at the path of each view, and its assets, whose names hold their hashes. */
export function pageRoutes(load: () => Promise<PageFiles> = loadPage): Route[] {
  let loading: Promise<ReadonlyMap<string, PageFile>> | undefined;
  const files = () => {
    loading ??= load().then(prepared);
    // The next request tries again.
    loading.catch(() => {
      loading = undefined;
    });
    return loading;
  };
  const serve = async (name: string, asked: Asked) => answerWith((await files()).get(name), asked);
  return [
    ...VIEWS.map(
      (path): Route => ({
        method: 'GET',
        path,
        who: 'visitor',
        handle: (asked) => serve('index.html', asked),
      }),
    ),
    {
      method: 'GET',
      path: '/assets/:name',
      who: 'visitor',
      handle: (asked) => serve(`assets/${asked.params.name}`, asked),
    },
  ];
}

function answerWith(file: PageFile | undefined, { request }: Asked): WebAnswer {
  if (file === undefined) throw new HttpError(404, 'NOT_FOUND', 'not found');
  const { headers, body, packed } = file;
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!takesGzip) return { status: 200, headers, body };
  return { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: packed };
}

async function prepared(files: PageFiles): Promise<ReadonlyMap<string, PageFile>> {
  const entries = [...files].map(async ([name, body]) => {
    const isForEver = name.startsWith('assets/');
    const headers = {
      ...SECURITY,
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'cache-control': isForEver ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
    };
    return [name, { headers, body, packed: await pack(body) }] as const;
  });
  return new Map(await Promise.all(entries));
}

/** The built page; from the sources, bundles it, which takes what developers install. */
async function loadPage(): Promise<PageFiles> {
  if (extname(import.meta.url) !== '.ts') return readBuilt(new URL('../page/', import.meta.url));
  try {
    const bundler = new URL('../../page/bundle/bundle.ts', import.meta.url).href;
    // The bundler is not part of a build, and so is named by a URL that no bundler follows.
    const { bundlePage } = (await import(bundler)) as { bundlePage: () => Promise<PageFiles> };
    return await bundlePage();
  } catch (error) {
    const text = `the page cannot be bundled from its sources (npm install puts its tools in place): ${messageOf(error)}`;
    throw caused(503, 'NO_PAGE', text, error);
  }
}

async function readBuilt(folder: URL): Promise<PageFiles> {
  try {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = names
      .filter((one) => one.isFile())
      .map(async ({ parentPath, name }) => {
        const path = `${parentPath}/${name}`;
        return [
          path.slice(decodeURIComponent(folder.pathname).length),
          await readFile(path),
        ] as const;
      });
    return new Map(await Promise.all(files));
  } catch (error) {
    const text = `the page is not built: ${messageOf(error)}`;
    throw caused(503, 'NO_PAGE', text, error);
  }
}
