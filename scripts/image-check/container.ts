import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** A process that sees a folder as its root, and no other processes. */
export interface ContainerOptions {
  /** What it sees as `/`. */
  readonly root: string;
  readonly isReadOnly: boolean;
  /** A user and a group, by number; root may do in its folder what it likes. */
  readonly user: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Folders of this machine that it may write, by where it sees them. */
  readonly volumes: Readonly<Record<string, string>>;
  /** Whether `/tmp` can be written, and is forgotten after. */
  readonly hasTmp?: boolean;
  readonly command: readonly string[];
}

/** What the official image has where this machine has something else. */
const LOCAL = '/usr/local';

/** What an image brings, and is seen as this machine has it. */
const BASE_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc'];

const EMPTY_FOLDERS = ['/dev', '/proc', '/root', '/run', '/tmp', '/var'];

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** As in the official images: users without a name here, but for these. */
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n';
const GROUP = 'root:x:0:\nnode:x:1000:\n';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const isRoot = process.getuid?.() === 0;

/** Somebody who is not root may be it among processes of their own. */
const AS_ROOT = isRoot ? [] : ['--user', '--map-root-user', '--map-auto'];

const NAMESPACES = [...AS_ROOT, '--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];

/** Whether processes can be shut in here; they can on Linux, as root or where users may. */
export function canIsolate(): boolean {
  return spawnSync('unshare', [...NAMESPACES, 'true']).status === 0;
}

/** The places that an official Node image has, empty: where this machine's are put. */
export function layBase(root: string): void {
  for (const folder of BASE_FOLDERS) {
    const target = existsSync(folder) ? linkTarget(folder) : undefined;
    if (target !== undefined) symlinkSync(target, join(root, folder));
    else if (existsSync(folder)) mkdirSync(join(root, folder));
  }
  for (const folder of EMPTY_FOLDERS) mkdirSync(join(root, folder));
}

/** What of a stage's root the image is not responsible for. */
export const NOT_OF_THE_IMAGE = [...BASE_FOLDERS, ...EMPTY_FOLDERS.filter((one) => one !== '/var')];

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** A command and its arguments, which become the container's first process. */
export function containerCommand(options: ContainerOptions): string[] {
  const { root, isReadOnly, volumes, hasTmp = false } = options;
  const at = (path: string) => quote(join(root, path));
  const lines = ['set -e', 'mount --make-rprivate /', `mount --bind ${quote(root)} ${quote(root)}`];
  const bind = (from: string, to: string) => lines.push(`mount --bind ${quote(from)} ${at(to)}`);
  const shut = (to: string) => lines.push(`mount -o remount,bind,ro ${at(to)}`);
  for (const folder of BASE_FOLDERS) {
    if (!existsSync(folder) || linkTarget(folder) !== undefined) continue;
    bind(folder, folder);
    shut(folder);
  }
  lines.push(...nodeLines(at));
  lines.push(`mount -t tmpfs -o mode=755,size=64k tmpfs ${at('/dev')}`);
  for (const name of DEVICES) {
    lines.push(`touch ${at(`/dev/${name}`)}`);
    bind(`/dev/${name}`, `/dev/${name}`);
  }
  lines.push(`mount -t proc proc ${at('/proc')}`);
  if (hasTmp) lines.push(`mount -t tmpfs -o mode=1777 tmpfs ${at('/tmp')}`);
  for (const [to, from] of Object.entries(volumes)) {
    if (hasTmp && to.startsWith('/tmp/')) lines.push(`mkdir -p ${at(to)}`);
    bind(from, to);
  }
  if (isReadOnly) for (const folder of ['/', '/dev']) shut(folder);
  lines.push(`exec chroot ${quote(root)} ${insideCommand(options).map(quote).join(' ')}`);
  return ['unshare', ...NAMESPACES, 'sh', '-c', lines.join('\n')];
}

/** A command that joins the container whose first process has this id, and is run as it is. */
export function joinCommand(pid: number, options: ContainerOptions): string[] {
  const join = ['--mount', '--pid', '--ipc', '--uts', '--root', '--wdns=/'];
  const user = isRoot ? [] : ['--user', '--preserve-credentials'];
  return ['nsenter', `--target=${pid}`, ...user, ...join, ...insideCommand(options)];
}

/** Here: this checkout's Node, with npm beside it, and the users of the official image. */
function nodeLines(at: (path: string) => string): string[] {
  const npm = npmFolder();
  const file = (path: string, text: string) => [
    `printf %s ${quote(text)} > ${at(`${LOCAL}/share${path}`)}`,
    `mount --bind ${at(`${LOCAL}/share${path}`)} ${at(`/etc${path}`)}`,
  ];
  return [
    `mount -t tmpfs -o mode=755 tmpfs ${at(LOCAL)}`,
    `mkdir -p ${at(`${LOCAL}/bin`)} ${at(`${LOCAL}/share`)} ${at(`${LOCAL}/lib/node_modules/npm`)}`,
    `touch ${at(`${LOCAL}/bin/node`)}`,
    `mount --bind ${quote(nodeBinary())} ${at(`${LOCAL}/bin/node`)}`,
    `mount --bind ${quote(npm)} ${at(`${LOCAL}/lib/node_modules/npm`)}`,
    `ln -s ../lib/node_modules/npm/bin/npm-cli.js ${at(`${LOCAL}/bin/npm`)}`,
    ...file('/passwd', PASSWD),
    ...file('/group', GROUP),
    `mount -o remount,ro ${at(LOCAL)}`,
  ];
}

/** The Node that runs this, which is the checkout's. */
export function nodeBinary(): string {
  return realpathSync(process.execPath);
}

function npmFolder(): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'npm');
    if (!existsSync(path)) continue;
    const root = dirname(dirname(realpathSync(path)));
    if (existsSync(join(root, 'bin', 'npm-cli.js'))) return root;
  }
  throw new Error('there is no npm here');
}

/** In the root, as the user: nothing of this process's environment, no way to become more. */
function insideCommand({ user, directory, env, command }: ContainerOptions): string[] {
  const [uid, gid = uid] = user.split(':');
  const drop = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'];
  const asUser = uid === '0' ? [] : ['setpriv', ...drop, '--bounding-set=-all', '--inh-caps=-all'];
  const variables = Object.entries({ PATH, ...env }).map(([name, value]) => `${name}=${value}`);
  const go = ['sh', '-c', 'cd "$0" && exec "$@"', directory];
  return [...asUser, 'env', '-i', ...variables, ...go, ...command];
}

/** The first process of the container that a command of ours has made; `undefined`: not yet. */
export function firstProcess(pid: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? undefined : Number(children.split(' ')[0]);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
