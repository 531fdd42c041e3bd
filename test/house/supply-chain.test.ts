import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly deprecated?: string;
}

interface Package extends Locked {
  readonly name: string;
}

interface Tree {
  readonly manifest: {
    readonly name: string;
    readonly version: string;
    readonly allowScripts: Readonly<Record<string, boolean>>;
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  readonly packages: readonly Package[];
}

/** What is installed in a folder of the project. */
function treeOf(folder: string): Tree {
  const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const lock: Record<string, Locked> = read('package-lock.json').packages;
  const packages = Object.entries(lock)
    .filter(([path]) => path !== '')
    .map(([path, locked]) => ({ name: path.replace(/^.*node_modules\//, ''), ...locked }));
  return { manifest: read('package.json'), packages };
}

const FOLDERS = ['.', 'tools'];
const { manifest, packages } = treeOf('.');
const production = packages.filter(({ dev }) => dev !== true);

test('nothing in the production tree may run a script when it is installed', () => {
  const withScript = production.filter(({ hasInstallScript }) => hasInstallScript);
  for (const { name } of withScript) expect(manifest.allowScripts).toHaveProperty(name, false);
});

test.each(FOLDERS)('no package in %s runs a script that nobody has decided on', (folder) => {
  const tree = treeOf(folder);
  const withScript = tree.packages.filter(({ hasInstallScript }) => hasInstallScript);
  const decided = Object.keys(tree.manifest.allowScripts);
  expect(decided).toEqual(expect.arrayContaining(withScript.map(({ name }) => name)));
});

test.each(FOLDERS)('every package in %s is pinned by its content, from anywhere', (folder) => {
  const tree = treeOf(folder);
  for (const { name, integrity, resolved, link } of tree.packages) {
    expect({ name, integrity, resolved, link }).toEqual({
      name,
      integrity: expect.stringMatching(/^sha512-/),
      resolved: undefined,
      link: undefined,
    });
  }
  const { dependencies, devDependencies } = tree.manifest;
  for (const version of Object.values({ ...dependencies, ...devDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

// .npmrc keeps npm from warning of it.
test.each(FOLDERS)('no package in %s has been given up by its makers', (folder) => {
  const givenUp = treeOf(folder).packages.filter(({ deprecated }) => deprecated !== undefined);
  expect(givenUp.map(({ name, deprecated }) => `${name}: ${deprecated}`)).toEqual([]);
});

test('the image runs nothing when it is built, and not as root', () => {
  const text = readFileSync('Dockerfile', 'utf8');
  const installs = text.match(/^RUN npm ci .*$/gm) ?? [];
  const ofProduction = installs.filter((line) => line.includes('--omit=dev'));
  expect(ofProduction).toHaveLength(1);
  for (const line of ofProduction) expect(line).toContain('--ignore-scripts');
  const lastStage = text.slice(text.lastIndexOf('\nFROM '));
  expect(lastStage).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  expect(lastStage).not.toMatch(/npm/);
});

test('the SBOM names the production tree, all of it, and nothing of this machine', () => {
  const text = execFileSync(process.execPath, ['scripts/sbom.ts'], { encoding: 'utf8' });
  const bom = JSON.parse(text);
  expect(bom).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: manifest.name, version: manifest.version } },
  });
  const named = (one: { name: string; version: string }) => `${one.name}@${one.version}`;
  expect(bom.components.map(named).sort()).toEqual(production.map(named).sort());
  for (const { hashes, licenses } of bom.components) {
    expect(hashes).toMatchObject([{ alg: 'SHA-512' }]);
    expect(licenses).not.toHaveLength(0);
  }
  expect(text).not.toContain(process.cwd());
  expect(text).not.toMatch(/https?:\/\/(?!cyclonedx\.org)/);
});
