import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A small file system that only processes started `through` see, until the test ends. */
export interface FaultDisk {
  /** Where it is, for those. */
  readonly path: string;
  /** The command that becomes another one, in there. */
  readonly through: readonly string[];
  /** The way from here to a path in there. */
  outside(path: string): string;
  /** Runs a shell command in there; answers whether it succeeded. */
  run(script: string): boolean;
}

/** One in memory, of its own size. Needs no privileges where user namespaces are allowed. */
export function memoryDisk(megabytes: number): Promise<FaultDisk | undefined> {
  return mount(['-r', '-m'], `mount -t tmpfs -o size=${megabytes}m tmpfs "$DISK"`);
}

/**
 * An ext4 on a loop device whose file is in a tmpfs: once `"$DISK.back"` is full, what ext4 has taken
 * cannot be kept, and `fsync` fails; so do volumes that are promised more than there is. Freed blocks are given
 * back at once (`discard`), so that none is left which could be written for a while. Needs root.
 */
export function failingDisk(megabytes: number): Promise<FaultDisk | undefined> {
  return mount(
    ['-m'],
    `mkdir "$DISK.back" && mount -t tmpfs -o size=${megabytes}m tmpfs "$DISK.back" &&
     truncate -s 128M "$DISK.back/image" &&
     mkfs.ext4 -q -O ^has_journal "$DISK.back/image" &&
     mount -o loop,discard,errors=continue "$DISK.back/image" "$DISK"`,
  );
}

/** An ext4 that turns read-only when `trigger_fs_error` says that it is broken. Needs root. */
export function frailDisk(): Promise<FaultDisk | undefined> {
  return mount(
    ['-m'],
    `mkdir "$DISK.back" && mount -t tmpfs -o size=64m tmpfs "$DISK.back" &&
     truncate -s 48M "$DISK.back/image" && mkfs.ext4 -q "$DISK.back/image" &&
     mount -o loop,errors=remount-ro "$DISK.back/image" "$DISK" &&
     test -w /sys/fs/ext4/$(basename $(findmnt -no SOURCE "$DISK"))/trigger_fs_error`,
  );
}

/** `undefined`: it cannot be had here. */
async function mount(unshare: readonly string[], script: string): Promise<FaultDisk | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'learning-sidecar-disk-'));
  const path = join(directory, 'disk');
  const keeper = spawn(
    'unshare',
    [...unshare, 'sh', '-c', `mkdir "$DISK" && ${script} && echo mounted && exec cat`],
    { stdio: 'pipe', env: { ...process.env, DISK: path } },
  );
  onTestFinished(async () => {
    keeper.stdin.end();
    if (keeper.exitCode === null) await once(keeper, 'exit');
    rmSync(directory, { recursive: true, force: true });
  });
  if (!(await isMounted(keeper))) return undefined;
  const namespaces = unshare.includes('-r') ? ['-U', '-m', '--preserve-credentials'] : ['-m'];
  const through = ['nsenter', '-t', String(keeper.pid), ...namespaces, '--'];
  return {
    path,
    through,
    outside: (inner) => join('/proc', String(keeper.pid), 'root', inner),
    run(command) {
      const [program = '', ...args] = [...through, 'sh', '-c', command];
      return spawnSync(program, args, { env: { ...process.env, DISK: path } }).status === 0;
    },
  };
}

async function isMounted(keeper: ChildProcess): Promise<boolean> {
  const failed = new Promise<false>((resolve) => {
    for (const event of ['error', 'exit']) keeper.once(event, () => resolve(false));
  });
  const mounted = new Promise<true>((resolve) => {
    keeper.stdout?.once('data', () => resolve(true));
  });
  return Promise.race([mounted, failed]);
}

/** Writes a file until there is no room for any more. */
export function fillUp(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (let size = 1024 * 1024; size >= 1; size = Math.floor(size / 2)) writeAll(fd, size);
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, size: number): void {
  const bytes = Buffer.alloc(size, 1);
  try {
    for (;;) writeSync(fd, bytes);
  } catch {}
}
