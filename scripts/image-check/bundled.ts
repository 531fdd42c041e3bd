import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from './build.ts';

/** What of a source's path is a package's name: what follows the last `node_modules`. */
const PACKAGE = /.*\bnode_modules\/(?<name>(?:@[^/]+\/)?[^/]+)\//;

/**
 * The packages that the image's bundled files were made of, by their source maps, and those of them
 * that its `node_modules` does not name.
 */
export function bundledPackages({ root, directory }: Image): {
  readonly all: readonly string[];
  readonly unnamed: readonly string[];
} {
  const app = join(root, directory);
  const maps = globSync('dist/**/*.map', { cwd: app });
  const sources = maps.flatMap((file): string[] => {
    const map: { sources: string[] } = JSON.parse(readFileSync(join(app, file), 'utf8'));
    return map.sources;
  });
  const names = sources.map((source) => PACKAGE.exec(source)?.groups?.name ?? '');
  const all = [...new Set(names)].filter((name) => name !== '').sort();
  const unnamed = all.filter((name) => !existsSync(join(app, 'node_modules', name)));
  return { all, unnamed };
}
