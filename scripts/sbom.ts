import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Prints what the running service is made of, as CycloneDX JSON: npm's own list of all packages in
 * package-lock.json, less those that only development needs. (npm's `--omit dev` leaves out too
 * much: packages of the service that a tool of ours happens to need as well.)
 */

/** The parts of CycloneDX that are looked at here. */
interface Bom {
  metadata: { component: { name: string } };
  components: { 'bom-ref': string; properties?: { name: string; value: string }[] }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const DEVELOPMENT = 'cdx:npm:package:development';

const { status, stdout, stderr } = spawnSync(
  'npm',
  ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'],
  { cwd: new URL('..', import.meta.url), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
);
if (status !== 0) {
  process.stderr.write(`npm sbom failed (npm 10 or newer has it):\n${stderr}`);
  process.exit(1);
}

const bom = JSON.parse(stdout) as Bom; // What npm documents of it.
// npm puts the folder's name there.
bom.metadata.component.name = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { name: string }
).name;
const isDevelopment = ({ properties = [] }: Bom['components'][number]) =>
  properties.some(({ name, value }) => name === DEVELOPMENT && value === 'true');
const dropped = new Set(bom.components.filter(isDevelopment).map((one) => one['bom-ref']));
bom.components = bom.components.filter((one) => !dropped.has(one['bom-ref']));
bom.dependencies = bom.dependencies
  .filter(({ ref }) => !dropped.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => !dropped.has(on)) }));
process.stdout.write(`${JSON.stringify(bom, undefined, 2)}\n`);
