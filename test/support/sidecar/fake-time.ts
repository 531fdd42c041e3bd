import { execFileSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A wall clock that a process is told by; its monotonic clock is the machine's. */
export interface FakeTime {
  /** For the process. */
  readonly env: Readonly<Record<string, string>>;
  /** @param seconds ahead of the machine's clock */
  set(seconds: number): void;
}

/** Debian's libfaketime: the one that is installed, or the package's, unpacked into `directory`. */
export function fakeTime(directory: string): FakeTime {
  const library = find('/usr/lib') ?? download(directory);
  const file = join(directory, 'faketime');
  const set = (seconds: number) =>
    writeFileSync(file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`);
  set(0);
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
    set,
  };
}

function find(root: string): string | undefined {
  return globSync(`${root}/*/faketime/libfaketimeMT.so.1`)[0];
}

function download(directory: string): string {
  const options = { cwd: directory, stdio: 'pipe', encoding: 'utf8' } as const;
  execFileSync('apt-get', ['download', 'libfaketime'], options);
  const [archive = ''] = globSync(join(directory, 'libfaketime_*.deb'));
  execFileSync('dpkg-deb', ['-x', archive, directory], options);
  const library = find(join(directory, 'usr/lib'));
  if (library === undefined) throw new Error('the package libfaketime holds no library');
  return library;
}
