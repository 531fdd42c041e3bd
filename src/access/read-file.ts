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
  /** One where everybody can read it: for those to whom it is a secret. */
  readonly warnings: readonly string[];
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
    const isSecret = (mode & READABLE_BY_OTHERS) === 0;
    const warnings = isSecret ? [] : [`${what}: everybody can read ${path}: chmod o-r it`];
    return { text: readFileSync(path, 'utf8'), warnings };
  } catch (error) {
    throw new AccessError(`${what}: cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
