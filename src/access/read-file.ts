import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { messageOf } from '../domain/errors.ts';
import { AccessError } from './access-error.ts';

/** Maximum size of a file: four times a bundle of all public CAs. A file given by mistake is refused early. */
const MAX_BYTES = 1024 * 1024;

/** Mode bit by which everybody may read a file. */
const READABLE_BY_OTHERS = 0o004;

/** A file that access depends on. */
export interface ReadFile {
  readonly text: string;
  /** A warning if everybody can read the file. Callers whose file is no secret ignore it. */
  readonly warnings: readonly string[];
}

/**
 * Reads a file. Throws an `AccessError` that names the file, also for a pipe, which cannot be read twice.
 *
 * @param what the file's key in the config, or its flag, for messages
 */
export function readAccessFile(what: string, path: string): ReadFile {
  try {
    const { text, mode } = readRegularFile(path);
    const isSecret = (mode & READABLE_BY_OTHERS) === 0;
    const warnings = isSecret ? [] : [`${what}: everybody can read ${path}: chmod o-r it`];
    return { text, warnings };
  } catch (error) {
    throw new AccessError(`${what}: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function readRegularFile(path: string): { text: string; mode: number } {
  // Without O_NONBLOCK, opening a pipe would block the process until the pipe has a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const file = fstatSync(fd);
    if (!file.isFile()) throw new Error('expected a regular file');
    const { mode, size } = file;
    if (size > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes, found ${size}`);
    return { text: readFileSync(fd, 'utf8'), mode };
  } finally {
    closeSync(fd);
  }
}
