import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from './build.ts';
import { NOT_OF_THE_IMAGE } from './container.ts';

/** Bytes of a file or a folder. */
function sizeOf(path: string): number {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** Bytes of what an image adds to its base, by folder: the largest first. */
export function sizesOf({ root, directory }: Image): Map<string, number> {
  const added = readdirSync(root).filter((name) => !NOT_OF_THE_IMAGE.includes(`/${name}`));
  const paths = added.flatMap((name) => {
    const path = `/${name}`;
    if (path !== directory) return [path];
    return readdirSync(join(root, path)).map((below) => join(path, below));
  });
  const sizes = paths.map((path) => [path, sizeOf(join(root, path))] as const);
  return new Map(sizes.toSorted(([, one], [, other]) => other - one));
}
