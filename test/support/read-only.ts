import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Child, runCommand } from './child.ts';

/** Whom the image runs as. */
const USER = 1000;

const isRoot = process.getuid?.() === 0;

/**
 * Before the command: every file system is made read-only, but for the one directory. Where this
 * process is root, the command runs as the image's user.
 */
const SHUT = `set -e
mount --make-rprivate /
mount --bind "$1" "$1"
awk '{ print $5 }' /proc/self/mountinfo | while read -r at; do
  [ "$at" = "$1" ] || mount -o remount,bind,ro "$at"
done
cd /
shift
exec "$@"`;

const NAMESPACES = isRoot ? ['--mount'] : ['--mount', '--map-root-user'];

const AS_USER = isRoot
  ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--no-new-privs']
  : [];

/** What the Dockerfile puts together: the production tree and the compiled service. */
export function assembleImage(directory: string): string {
  const image = join(directory, 'app');
  mkdirSync(image);
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'proto', 'config']) {
    cpSync(name, join(image, name), { recursive: true });
  }
  const quiet = { stdio: 'pipe' } as const;
  const install = ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline'];
  execFileSync('npm', install, { cwd: image, ...quiet });
  const compile = ['--project', 'tsconfig.build.json', '--outDir', join(image, 'dist')];
  execFileSync(join('node_modules', '.bin', 'tsc'), compile, quiet);
  return image;
}

/** An empty directory that the image's user may write. */
export function volume(directory: string): string {
  // Test directories are their owner's alone.
  chmodSync(directory, 0o755);
  const path = join(directory, 'volume');
  mkdirSync(path);
  if (isRoot) chownSync(path, USER, USER);
  return path;
}

/** Whether file systems can be made read-only for a process here. */
export function canShut(): boolean {
  return spawnSync('unshare', [...NAMESPACES, 'true']).status === 0;
}

/** Runs a command that can write to one directory only, ended with the test at the latest. */
export function runReadOnly(writable: string, command: readonly string[]): Child {
  const shut = ['sh', '-c', SHUT, 'sh', writable];
  const child = runCommand('unshare', [...NAMESPACES, ...shut, ...AS_USER, ...command]);
  child.process.stdin?.end();
  onTestFinished(async () => {
    await child.end('SIGKILL');
  });
  return child;
}
