import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import dockerignore from '@balena/dockerignore';

/** A folder that is copied out of. */
export interface Source {
  readonly root: string;
  /** Whether a path below the root, without a slash before it, is there for whoever copies. */
  isVisible(path: string): boolean;
}

/** A folder as a builder is sent it: without what its `.dockerignore` says. */
export function buildContext(root: string): Source {
  const file = join(root, '.dockerignore');
  const ignored = dockerignore.default();
  if (existsSync(file)) ignored.add(readFileSync(file, 'utf8'));
  return { root, isVisible: (path) => !ignored.ignores(path) };
}

/** What an earlier stage has made, all of it. */
export function stageSource(root: string): Source {
  return { root, isVisible: () => true };
}

/**
 * Copies as COPY does: the files of a folder, not the folder; into a folder where the target ends
 * with a slash, is one, or there are several sources.
 *
 * @param target an absolute path in the stage
 */
export function copyInto(
  stageRoot: string,
  { source, paths, target }: { source: Source; paths: readonly string[]; target: string },
): void {
  const wanted = join(stageRoot, target);
  const intoFolder = target.endsWith('/') || paths.length > 1 || isFolder(wanted);
  for (const path of paths) {
    const relative = posix.normalize(path).replace(/^\/+|\/+$/g, '');
    const from = join(source.root, relative);
    const files = visibleFiles(source, relative);
    if (files.length === 0) throw new Error(`${path} is not in what is copied from`);
    for (const file of files) {
      const below = posix.relative(relative, file);
      const to = isFolder(from)
        ? join(wanted, below)
        : intoFolder
          ? join(wanted, basename(file))
          : wanted;
      mkdirSync(dirname(to), { recursive: true });
      // Links stay what they are: those of a package manager point beside themselves.
      cpSync(join(source.root, file), to, { verbatimSymlinks: true, preserveTimestamps: true });
    }
  }
}

/** The files and links at a path and below it, in the source's own terms. */
function visibleFiles(source: Source, path: string): string[] {
  const stat = lstatSync(join(source.root, path), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return source.isVisible(path) ? [path] : [];
  // Even one that is left out may hold what is not: `!folder/file`.
  return readdirSync(join(source.root, path)).flatMap((name) =>
    visibleFiles(source, posix.join(path, name)),
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
