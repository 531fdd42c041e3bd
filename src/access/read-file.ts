import { readFileSync, statSync } from 'node:fs';
import { messageOf } from '../domain/errors.ts';
import { AccessError } from './access-error.ts';

/** Bytes of a file: a bundle of all public CAs is a quarter of it; a wrong file is refused early. */
const MAX_BYTES = 1024 * 1024;

/** Mode bit by which everybody may read a file. */
const READABLE_BY_OTHERS = 0o004;

/** A file that access depends on. */
export interface ReadFile {
  readonly text: string;
  /** People without a part in the service can read it. */
  readonly isReadableByOthers: boolean;
}

/**
 * Reads a file. Throws an `AccessError` that names it.
 *
 * @param what its key in the config, or the flag
 */
export function readAccessFile(what: string, path: string): ReadFile {
  try {
    const { mode, size } = statSync(path);
    if (size > MAX_BYTES) throw new Error(`expected at most ${MAX_BYTES} bytes, found ${size}`);
    const isReadableByOthers = (mode & READABLE_BY_OTHERS) !== 0;
    return { text: readFileSync(path, 'utf8'), isReadableByOthers };
  } catch (error) {
    throw new AccessError(`${what}: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
