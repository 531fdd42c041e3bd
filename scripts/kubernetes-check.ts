import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { createAuthority, LOCAL_NAMES } from '../test/support/sidecar/certificates.ts';

/** A pod, as deploy/kubernetes/validate found it. */
interface Pod {
  readonly name: string;
  /** What follows is of the sidecar. */
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** Names of volumes, by where they are mounted. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly probes: Readonly<Record<string, Probe>>;
  /** The files of its ConfigMap. */
  readonly config: Readonly<Record<string, string>>;
}

interface Probe {
  readonly scheme: 'HTTP' | 'HTTPS';
  readonly path: string;
}

const ROOT = join(import.meta.dirname, '..');

const VALIDATE = join(ROOT, 'deploy', 'kubernetes', 'validate');

/** A sidecar starts within half a second; a busy machine is slower. */
const TIMEOUT_MS = 60_000;

const below = mkdtempSync(join(tmpdir(), 'learning-pods-'));
try {
  const file = join(below, 'pods.json');
  execFileSync('go', ['run', '.', '-pods', file], { cwd: VALIDATE, stdio: 'inherit' });
  const pods: readonly Pod[] = JSON.parse(readFileSync(file, 'utf8'));
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const { name, image } of pods) {
    if (image !== `learning-sidecar:${version}`) throw new Error(`${name}: is of image ${image}`);
  }
  for (const [index, pod] of pods.entries()) await tryPod(pod, join(below, `pod-${index}`));
} finally {
  rmSync(below, { recursive: true, force: true });
}

/** Starts a sidecar as a pod's container says, and asks it what its probes ask. */
async function tryPod({ name, env, mounts, probes, config }: Pod, folder: string): Promise<void> {
  const here = mountAll(mounts, { config, folder });
  const files = Object.fromEntries(
    Object.entries(env).map(([variable, value]) => [
      variable,
      withAnyPort(replaceAll(value, here)),
    ]),
  );
  const child = spawn(process.execPath, [join(ROOT, 'src', 'main.ts')], {
    env: { PATH: process.env.PATH, ...files },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: TIMEOUT_MS,
  });
  const exited = once(child, 'close');
  let adminUrl = '';
  for await (const line of createInterface(child.stdout)) {
    const record = JSON.parse(line);
    if (record.admin === undefined) continue;
    adminUrl = record.admin;
    break;
  }
  if (adminUrl === '') throw new Error(`${name}: the sidecar does not serve`);
  const found: string[] = [];
  for (const [kind, { scheme, path }] of Object.entries(probes)) {
    const code = await ask(new URL(path, adminUrl.replace(/^\w+/, scheme.toLowerCase())));
    if (code !== 200) throw new Error(`${name}: ${kind}: ${scheme} ${path} answers ${code}`);
    found.push(`${kind} ${code}`);
  }
  child.kill('SIGTERM');
  const [code] = await exited;
  if (code !== 0) throw new Error(`${name}: SIGTERM: exit ${code}`);
  console.log(
    `ok     ${name}, started as its pod says: ${found.join(', ')}; SIGTERM: exit ${code}`,
  );
}

/** Folders of this machine for what a pod mounts, by where it does. */
function mountAll(
  mounts: Pod['mounts'],
  { config, folder }: { config: Pod['config']; folder: string },
): Map<string, string> {
  const { cert, key } = createAuthority('pods').issue({ names: LOCAL_NAMES });
  const here = new Map(
    Object.entries(mounts).map(([path, volume]) => [path, join(folder, volume)] as const),
  );
  for (const [path, volume] of Object.entries(mounts)) {
    const at = here.get(path) ?? '';
    mkdirSync(at, { recursive: true });
    if (volume === 'learning-sidecar-config') mount(at, config, here);
    if (volume === 'learning-sidecar-tls') mount(at, { 'tls.crt': cert, 'tls.key': key }, here);
    if (volume === 'learning-sidecar-tokens') {
      mount(at, { client: `${'c'.repeat(32)}\n`, admin: `${'a'.repeat(32)}\n` }, here);
    }
  }
  return here;
}

/** As the kubelet does it: links to a folder by way of a link that it can swap. */
function mount(at: string, files: Pod['config'], here: ReadonlyMap<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(at, '..1', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, replaceAll(text, here), { mode: 0o440 });
    symlinkSync(join('..data', name), join(at, name));
  }
  symlinkSync('..1', join(at, '..data'));
}

/** A text with the paths of this machine for the pod's. */
function replaceAll(text: string, here: ReadonlyMap<string, string>): string {
  // The longest first: one may begin with another.
  const paths = [...here.keys()].toSorted((one, other) => other.length - one.length);
  return text.replace(
    new RegExp(`(?:${paths.join('|')})(?=/|$)`, 'gm'),
    (path) => here.get(path) ?? '',
  );
}

/** Where a pod has its address for itself, this machine has other tenants. */
function withAnyPort(value: string): string {
  return value.replace(/^(?<host>[\d.]+):\d+$/, '$<host>:0');
}

/** The kubelet trusts every certificate. */
async function ask(url: URL): Promise<number | undefined> {
  const request =
    url.protocol === 'https:' ? requestHttps(url, { rejectUnauthorized: false }) : requestHttp(url);
  request.end();
  const [response] = await once(request, 'response');
  response.resume();
  return response.statusCode;
}
