// Fails when a generated file is stale: generates again in a copy of the project, then compares.
// The working tree is not touched, and need not be committed.
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** All that `npm run generate` reads and writes. */
const PARTS = [
  'package.json',
  'buf.yaml',
  'buf.gen.yaml',
  'proto',
  'src',
  'scripts',
  'config',
  'docs',
];

/** What it runs. */
const LINKED = ['node_modules', 'tools'];

/** Files of the parts, with their content. */
function snapshot(root: string): Map<string, string> {
  const paths = globSync('{src,config,docs}/**/*.*', { cwd: root });
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

const copy = mkdtempSync(join(tmpdir(), 'generated-'));
try {
  for (const part of PARTS) cpSync(part, join(copy, part), { recursive: true });
  for (const part of LINKED) symlinkSync(resolve(part), join(copy, part));
  const before = snapshot(copy);
  const { status } = spawnSync('npm', ['run', '--silent', 'generate'], {
    cwd: copy,
    stdio: 'inherit',
  });
  const after = snapshot(copy);
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  const stale = paths.filter((path) => before.get(path) !== after.get(path));
  for (const path of stale) console.error(`stale: ${path}`);
  if (status !== 0) console.error('npm run generate failed');
  if (stale.length > 0) console.error('Run: npm run generate');
  process.exitCode = status === 0 && stale.length === 0 ? 0 : 1;
} finally {
  rmSync(copy, { recursive: true });
}
