import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** What each layer may import: folders of src, packages, modules of node. Others: anything. */
const LAYERS: Record<string, readonly string[]> = {
  domain: [],
  window: ['domain'],
  cycle: ['domain'],
  trial: ['domain', 'node:crypto'],
  ledger: ['domain', 'trial'],
  config: ['domain', '@bufbuild/cel', 'yaml', 'zod', 'node:crypto', 'node:fs', 'node:path'],
  engine: ['domain', 'window', 'cycle', 'trial', 'ledger'],
  store: ['domain', 'ledger', 'node:fs', 'node:path', 'node:sqlite', 'node:zlib'],
  rpc: [
    ...['gen', 'domain', 'window', 'ledger', 'engine', 'node:*', '@grpc/grpc-js'],
    ...['@bufbuild/protobuf', '@bufbuild/protobuf/wkt'],
    ...['@bufbuild/protovalidate', '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js'],
  ],
  access: [
    ...['domain', 'node:crypto', 'node:fs', 'node:http', 'node:https', 'node:net', 'node:tls'],
  ],
  client: [
    ...['gen', 'domain', 'access', 'rpc', 'node:crypto', 'node:net', 'node:tls'],
    ...['@grpc/grpc-js', '@bufbuild/protobuf', '@bufbuild/protobuf/wkt'],
  ],
  admin: ['domain', 'prom-client', 'node:http', 'node:https'],
};

/** Layers that are handed time and randomness, and never look for them. */
const PURE = ['domain', 'window', 'cycle', 'trial', 'ledger'];
const IMPURE = [
  'new Date();',
  'let moment: Date;',
  'Date.now();',
  'globalThis.Date.now();',
  'performance.now();',
  'Math.random();',
  'const { random } = Math;',
  'crypto.randomUUID();',
  'process.env.HOME;',
  'process.hrtime();',
  'setTimeout(() => 0, 1);',
  'setInterval(() => 0, 1);',
  'setImmediate(() => 0);',
];

const sources = readdirSync('src', { withFileTypes: true, recursive: true });
const namesIn = (folder: string, isFolder: boolean) =>
  sources
    .filter((entry) => entry.parentPath === folder && entry.isDirectory() === isFolder)
    .map((entry) => entry.name);
const found = namesIn('src', true);
const folders = [...new Set([...Object.keys(LAYERS), 'gen', 'cli', 'runtime', ...found])];
const modules = [
  ...Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies),
  '@bufbuild/protobuf/wkt',
  '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js',
  'a-package-nobody-declared',
  ...builtinModules.map((name) => (name.startsWith('node:') ? name : `node:${name}`)),
];

const RULES = new Set([
  'lint/nursery/noJsRestrictedProperties',
  'lint/style/noRestrictedGlobals',
  'lint/style/noRestrictedImports',
  'lint/suspicious/noImportCycles',
  'plugin',
]);

interface Fault {
  readonly category: string;
  readonly message: string;
  readonly location: { readonly path: string; readonly start: { readonly line: number } };
}

const biome = resolve('node_modules/.bin/biome');

/** Faults against the table, and only those, that the linter finds in the project at `root`. */
function faultsIn(root: string): Fault[] {
  const { stdout, stderr } = spawnSync(
    biome,
    ['lint', '--reporter=json', '--max-diagnostics=none', '--diagnostic-level=error', 'src'],
    { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (!stdout.startsWith('{')) throw new Error(`biome: ${stderr}`);
  return (JSON.parse(stdout).diagnostics as Fault[]).filter((f) => RULES.has(f.category));
}

let root: string;

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** Plants a file with one statement a line; answers the statements that the linter refuses. */
function refused(path: string, statements: readonly string[]): string[] {
  plant(path, `${statements.join('\n')}\n`);
  const faults = faultsIn(root).filter((fault) => fault.location.path === path);
  const lines = new Set(faults.map((fault) => fault.location.start.line));
  return statements.filter((_, index) => lines.has(index + 1));
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'layers-'));
  for (const path of ['biome.json', 'test/house/no-import-type.grit']) {
    plant(path, readFileSync(path, 'utf8'));
  }
});

afterEach(() => rmSync(root, { recursive: true }));

test('the tree keeps to the table', () => {
  const lines = faultsIn('.').map(
    ({ location, message }) => `${location.path}:${location.start.line} ${message}`,
  );
  expect(lines).toEqual([]);
});

test('every folder of src has a place in the table', () => {
  expect([...Object.keys(LAYERS), 'gen', 'cli', 'runtime']).toEqual(expect.arrayContaining(found));
});

const places = Object.entries(LAYERS).flatMap(([layer, allowed]) => [
  { layer, allowed, folder: `src/${layer}`, up: '../', own: ['./own.ts', './inner/own.ts'] },
  ...namesIn(`src/${layer}`, true).map((inner) => {
    const folder = `src/${layer}/${inner}`;
    return { layer, allowed, folder, up: '../../', own: ['./own.ts', '../own.ts'] };
  }),
]);

test.for(places)('$folder imports what it may, nothing else', (place) => {
  const { layer, allowed, folder, up, own } = place;
  const may = (name: string) =>
    allowed.includes(name) || (name.startsWith('node:') && allowed.includes('node:*'));
  const others = folders.filter((name) => name !== layer);
  const targets = [
    ...own.map((source) => ({ source, allowed: true })),
    ...others.map((name) => ({ source: `${up}${name}/file.ts`, allowed: may(name) })),
    ...modules.map((name) => ({ source: name, allowed: may(name) })),
    ...['main.ts', ...namesIn('src', false)].map((file) => ({
      source: `${up}${file}`,
      allowed: false,
    })),
  ];
  const statement = ({ source }: { source: string }) => `import '${source}';`;
  const forbidden = targets.filter((target) => !target.allowed);
  expect(refused(`${folder}/planted.ts`, targets.map(statement))).toEqual(forbidden.map(statement));
});

test('every way to write an import is seen', () => {
  const forbidden = [
    "import '../engine/file.ts';",
    "import { a } from '../engine/file.ts';",
    "import type { b } from '../engine/file.ts';",
    "import * as c from '../engine/file.ts';",
    "export { d } from '../engine/file.ts';",
    "export * from '../engine/file.ts';",
    "const e = await import('../engine/file.ts');",
    "type F = import('../engine/file.ts').F;",
    "import './../engine/file.ts';",
    "import './inner/../../engine/file.ts';",
    "import '../domain/../engine/file.ts';",
    "import '../../src/engine/file.ts';",
    "import '..';",
  ];
  expect(refused('src/window/planted.ts', forbidden)).toEqual(forbidden);
});

test.for(PURE)('%s cannot look for time, randomness or the process', (layer) => {
  expect(refused(`src/${layer}/planted.ts`, IMPURE)).toEqual(IMPURE);
});

test('a layer at the edge may look for them', () => {
  expect(refused('src/store/planted.ts', IMPURE)).toEqual([]);
});

test('a cycle of imports is seen, of types too', () => {
  plant('src/rpc/two.ts', "import type { One } from './one.ts';\nexport type Two = One;\n");
  const one = ["import type { Two } from './two.ts';", 'export type One = Two | 1;'];
  expect(refused('src/rpc/one.ts', one)).toEqual(one.slice(0, 1));
});
