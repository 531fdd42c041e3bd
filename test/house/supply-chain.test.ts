import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const lock: Record<string, Locked> = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages;
const packages = Object.entries(lock)
  .filter(([path]) => path !== '')
  .map(([path, locked]) => ({ name: path.replace(/^.*node_modules\//, ''), ...locked }));
const production = packages.filter(({ dev }) => dev !== true);

test('nothing in the production tree may run a script when it is installed', () => {
  const withScript = production.filter(({ hasInstallScript }) => hasInstallScript);
  for (const { name } of withScript) expect(manifest.allowScripts).toHaveProperty(name, false);
});

test('no package runs a script that nobody has decided on', () => {
  const withScript = packages.filter(({ hasInstallScript }) => hasInstallScript);
  const decided = Object.keys(manifest.allowScripts);
  expect(decided).toEqual(expect.arrayContaining(withScript.map(({ name }) => name)));
});

test('every package is pinned by its content, wherever it comes from', () => {
  for (const { name, integrity, resolved, link } of packages) {
    expect({ name, integrity, resolved, link }).toEqual({
      name,
      integrity: expect.stringMatching(/^sha512-/),
      resolved: undefined,
      link: undefined,
    });
  }
  const asked = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
  for (const version of asked) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
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
