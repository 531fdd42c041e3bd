import { statSync } from 'node:fs';

/**
 * What tells a file from any other that may come to have its name; `undefined`: there is none.
 * It holds as long as somebody has the file open.
 */
export function identityOf(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
