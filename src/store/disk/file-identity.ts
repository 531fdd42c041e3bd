import { statSync } from 'node:fs';

/** Device and inode of a file, unique while the file is open; `undefined` if there is no file. */
export function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
