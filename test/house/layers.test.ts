import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const GRPC = ['@grpc/grpc-js', '@bufbuild/protobuf'];
const PREACT = ['preact', 'preact/hooks'];
const PAGE = ['api', 'charts', 'parts', 'verify', 'views', 'words'].map((room) => `page/${room}`);
const DISK = ['node:fs', 'node:path'];
const OF_DECISIONS = [
  ...['domain', 'cycle', 'search', 'trial', 'trial/evidence', 'trial/memory', 'trial/preview'],
  ...['trial/text', 'ledger'],
];

/** What each room may import: folders of src, packages, modules of node. Others: anything. */
const ROOMS: Record<string, readonly string[]> = {
  domain: [],
  cycle: ['domain'],
  search: ['domain'],
  trial: ['domain', 'trial/evidence', 'node:crypto'],
  'trial/evidence': ['domain'],
  'trial/memory': ['domain', 'trial', 'trial/evidence'],
  'trial/text': ['domain', 'trial', 'trial/evidence'],
  'trial/preview': ['domain', 'trial', 'trial/evidence', 'trial/text', 'node:crypto'],
  'trial/audit': ['domain', 'trial', 'trial/evidence', 'trial/memory'],
  ledger: ['domain', 'search', 'trial', 'trial/evidence', 'trial/memory'],
  config: [
    'config/cel',
    'config/keys',
    'domain',
    '@bufbuild/cel',
    'yaml',
    'zod',
    'node:crypto',
    ...DISK,
  ],
  'config/cel': [
    ...['config', 'config/keys', 'domain', '@bufbuild/cel', 'yaml', 'zod', 'node:crypto', ...DISK],
  ],
  'config/keys': ['config', 'domain', '@bufbuild/cel', 'yaml', 'zod', 'node:crypto', ...DISK],
  engine: ['engine/decision', 'engine/proposals', ...OF_DECISIONS],
  'engine/decision': OF_DECISIONS,
  'engine/proposals': ['engine/decision', ...OF_DECISIONS],
  store: [
    ...['domain', 'ledger', 'store/sqlite', 'store/disk'],
    ...['node:sqlite', 'node:worker_threads', ...DISK],
  ],
  'store/sqlite': ['domain', 'ledger', 'store/disk', 'node:sqlite', 'node:zlib', ...DISK],
  'store/disk': ['domain', 'ledger', ...DISK],
  'store/thread': [
    ...['domain', 'ledger', 'store/sqlite', 'store/disk'],
    ...['node:path', 'node:sqlite', 'node:worker_threads'],
  ],
  'store/salvage': ['domain', 'trial', 'ledger', 'store', 'store/sqlite', 'store/disk', ...DISK],
  otlp: ['domain', '@bufbuild/protobuf/wire'],
  wire: [
    ...['gen', 'domain', ...GRPC, '@bufbuild/protobuf/wire', '@bufbuild/protobuf/wkt'],
    '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js',
  ],
  net: [
    ...['domain', 'node:dns/promises', 'node:events', 'node:fs', 'node:http', 'node:net'],
    '@grpc/grpc-js',
  ],
  rpc: [
    ...['gen', 'domain', 'engine', 'wire', ...GRPC],
    ...['rpc/services', 'rpc/streams', 'rpc/validation', 'rpc/admission', 'rpc/grpc-js'],
    ...['rpc/http', 'rpc/openfeature', 'rpc/otlp'],
  ],
  'rpc/services': [
    ...['gen', 'domain', 'ledger', 'engine', 'engine/decision', 'wire', 'rpc', 'rpc/streams'],
    ...['rpc/validation', ...GRPC, '@bufbuild/protobuf/reflect', '@bufbuild/protobuf/wkt'],
    '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js',
  ],
  'rpc/streams': [
    ...['gen', 'domain', 'ledger', 'engine', 'wire', 'rpc', 'rpc/validation', '@grpc/grpc-js'],
  ],
  'rpc/validation': [
    ...['gen', 'domain', 'wire', 'rpc', '@bufbuild/protovalidate', '@bufbuild/protobuf'],
    ...['@bufbuild/protobuf/reflect', '@bufbuild/protobuf/wkt'],
  ],
  'rpc/admission': ['gen', 'domain', 'wire', 'rpc/grpc-js', 'node:http2', 'node:net', ...GRPC],
  'rpc/grpc-js': ['node:http2', '@grpc/grpc-js'],
  'rpc/http': [
    ...['domain', 'access', 'net', 'rpc', 'rpc/admission', '@grpc/grpc-js'],
    ...['node:http', 'node:stream/promises', 'node:zlib'],
  ],
  'rpc/openfeature': [
    ...['gen', 'domain', 'ledger', 'engine', 'wire', 'rpc', 'rpc/admission', 'rpc/http'],
    ...['rpc/streams', 'node:crypto', ...GRPC],
  ],
  'rpc/otlp': [
    ...['gen', 'domain', 'engine', 'otlp', 'wire', 'rpc', 'rpc/admission', 'rpc/http', ...GRPC],
  ],
  access: [
    ...['domain', 'node:crypto', 'node:fs', 'node:http', 'node:https', 'node:net', 'node:tls'],
  ],
  client: [
    ...['gen', 'domain', 'access', 'net', 'wire', ...GRPC, '@bufbuild/protobuf/wkt'],
    ...['node:crypto', 'node:net', 'node:timers/promises', 'node:tls'],
  ],
  audit: ['domain', 'trial', 'trial/audit', 'trial/memory', 'trial/text', 'ledger', 'store'],
  backtest: ['domain', 'trial', 'ledger', 'engine', 'store'],
  tensorzero: ['config', 'config/keys', 'domain', 'smol-toml', 'yaml', 'zod'],
  rehearse: [
    ...['config', 'config/keys', 'domain', 'trial', 'trial/evidence', 'ledger', 'engine'],
    ...['backtest', 'node:crypto', 'zod'],
  ],
  trace: [
    ...['gen', 'domain', 'wire', 'client', 'rpc/validation', ...GRPC],
    ...['node:crypto', 'node:fs', 'node:stream', 'node:timers/promises'],
  ],
  admin: ['admin/web', 'domain', 'net', 'node:http', 'node:https'],
  'admin/web': [
    ...['access', 'domain', 'net', 'node:crypto', 'node:fs/promises', 'node:http', 'node:net'],
    ...['node:path', 'node:util', 'node:zlib'],
  ],
  'admin/api': [
    ...['gen', 'admin/timeline', 'admin/web', 'domain', 'engine', 'engine/decision', 'ledger'],
    ...[
      'rpc/services',
      'rpc/streams',
      'rpc/validation',
      'trial',
      'trial/evidence',
      'wire',
      ...GRPC,
    ],
  ],
  'admin/metrics': ['domain', 'prom-client'],
  'admin/timeline': [],
  page: [...PAGE, 'domain', ...PREACT],
  'page/api': ['gen', 'domain', '@bufbuild/protobuf/wkt'],
  'page/words': ['page/api'],
  'page/charts': [
    ...['domain', 'page', 'page/api', 'page/parts', 'page/words', 'uplot', ...PREACT],
  ],
  'page/parts': ['domain', 'page', 'page/api', 'page/charts', 'page/words', ...PREACT],
  'page/views': [
    ...['domain', 'page', 'page/api', 'page/charts', 'page/parts', 'page/verify', 'page/words'],
    ...PREACT,
  ],
  'page/verify': [
    ...['domain', 'trial', 'trial/audit', 'page', 'page/api', 'page/parts', 'page/words'],
    ...['@noble/hashes/sha2.js', '@noble/hashes/utils.js', ...PREACT],
  ],
  'page/bundle': ['node:crypto', 'node:fs/promises', 'node:module', 'node:url', 'rolldown'],
};

/** Layers that are handed time and randomness, and never look for them. */
const TRIAL = [
  'trial',
  'trial/evidence',
  'trial/memory',
  'trial/text',
  'trial/preview',
  'trial/audit',
];
const PURE = ['domain', 'cycle', 'otlp', 'search', ...TRIAL, 'ledger'];
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
const entry = sources.filter((one) => one.parentPath === 'src' && one.isFile());
/** Folders of src, the generated code being one. */
const found = sources
  .filter((one) => one.isDirectory())
  .map((one) => relative('src', join(one.parentPath, one.name)))
  .filter((name) => !name.startsWith('gen/'));
const rooms = [...new Set([...Object.keys(ROOMS), 'gen', 'cli', 'runtime', ...found])];
const modules = [
  ...Object.keys(JSON.parse(readFileSync('package.json', 'utf8')).dependencies),
  ...['@bufbuild/protobuf/reflect', '@bufbuild/protobuf/wire', '@bufbuild/protobuf/wkt'],
  ...['@noble/hashes/sha2.js', 'rolldown', 'uplot', ...PREACT],
  '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js',
  'a-package-nobody-declared',
  ...builtinModules.map((name) => (name.startsWith('node:') ? name : `node:${name}`)),
];

const PLUGINS = ['test/house/no-import-type.grit', 'test/house/no-private-member.grit'];

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

const biome = resolve('tools/node_modules/.bin/biome');

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
  for (const path of ['biome.json', ...PLUGINS]) {
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
  expect([...Object.keys(ROOMS), 'gen', 'cli', 'runtime']).toEqual(expect.arrayContaining(found));
});

/** How a file of one room names a file of another, or of its own. */
function sourceIn(other: string, room: string): string {
  const path = join(relative(room, other), 'file.ts');
  return path.startsWith('.') ? path : `./${path}`;
}

test.for(Object.entries(ROOMS))('src/%s imports what it may, nothing else', ([room, allowed]) => {
  const targets = [
    ...rooms.map((name) => ({
      source: sourceIn(name, room),
      allowed: name === room || allowed.includes(name),
    })),
    ...modules.map((name) => ({ source: name, allowed: allowed.includes(name) })),
    ...['main.ts', ...entry.map((file) => file.name)].map((name) => ({
      source: `${relative(room, '.')}/${name}`,
      allowed: false,
    })),
  ];
  const statement = ({ source }: { source: string }) => `import '${source}';`;
  const forbidden = targets.filter((target) => !target.allowed);
  expect(refused(`src/${room}/planted.ts`, targets.map(statement))).toEqual(
    forbidden.map(statement),
  );
});

test('a process that serves imports neither the command line nor salvage', () => {
  const forbidden = [
    "import '../cli/file.ts';",
    "import './../cli/file.ts';",
    "import '../store/salvage/file.ts';",
    "import '../store/sqlite/../salvage/file.ts';",
  ];
  const others = rooms.filter((name) => name !== 'cli' && name !== 'store/salvage');
  const allowed = others.map((name) => `import '${sourceIn(name, 'runtime')}';`);
  expect(refused('src/runtime/planted.ts', [...allowed, ...forbidden])).toEqual(forbidden);
});

test.for([
  ['wire', '../domain/../rpc/file.ts', '../gen/../engine/file.ts'],
  ['client', '../wire/../rpc/file.ts', './../rpc/file.ts'],
  ['trace', '../rpc/validation/../file.ts', '../client/../cli/file.ts'],
  ['trial', './evidence/../audit/file.ts', './evidence/../../ledger/file.ts'],
  ['store', './sqlite/../salvage/file.ts', './disk/../../cli/file.ts'],
  ['store/sqlite', '../disk/../salvage/file.ts', '../../domain/../rpc/file.ts'],
  ['store/thread', '../sqlite/../salvage/file.ts', '../../domain/../rpc/file.ts'],
  ['rpc', './services/../../cli/file.ts', '../gen/../store/file.ts'],
  ['rpc/streams', '../validation/../admission/file.ts', '../../gen/learning/../../cli/file.ts'],
])('no way round leads out of %s', ([room, ...sources]) => {
  const statements = sources.map((source) => `import '${source}';`);
  expect(refused(`src/${room}/planted.ts`, statements)).toEqual(statements);
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
  expect(refused('src/cycle/planted.ts', forbidden)).toEqual(forbidden);
});

test.for(PURE)('%s cannot look for time, randomness or the process', (layer) => {
  expect(refused(`src/${layer}/planted.ts`, IMPURE)).toEqual(IMPURE);
});

test('a layer at the edge may look for them', () => {
  expect(refused('src/store/planted.ts', IMPURE)).toEqual([]);
});

test('private members are named in rpc/grpc-js alone', () => {
  const reaches = [
    'server._streamHandler();',
    'call?._stream;',
    "server['_streamHandler'];",
    "Reflect.get(server, 'commonServerOptions');",
    "Reflect.set(server, 'commonServerOptions', {});",
    'const stream = (call as unknown as { stream: object }).stream;',
  ];
  expect(refused('src/rpc/admission/planted.ts', reaches)).toEqual(reaches);
  expect(refused('src/net/planted.ts', reaches)).toEqual(reaches);
  expect(refused('src/rpc/grpc-js/planted.ts', reaches)).toEqual([]);
});

test('a cycle of imports is seen, of types too', () => {
  plant('src/rpc/two.ts', "import type { One } from './one.ts';\nexport type Two = One;\n");
  const one = ["import type { Two } from './two.ts';", 'export type One = Two | 1;'];
  expect(refused('src/rpc/one.ts', one)).toEqual(one.slice(0, 1));
});
