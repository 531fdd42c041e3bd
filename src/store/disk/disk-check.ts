import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StoreFault } from '../../ledger/store.ts';

/**
 * Free space required before writing resumes: the size of the write-ahead log between checkpoints. With less, a
 * disk that is still full would look healed at every other check.
 */
const HEADROOM_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** Checks that a directory can be written and has free space. Throws the system's error. */
export function tryDisk(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < HEADROOM_BYTES) throw new StoreFault('the disk is full');
  const file = join(directory, 'scratch');
  const fd = openSync(file, 'w');
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES, 1);
    for (let bytes = 0; bytes < HEADROOM_BYTES; bytes += writeSync(fd, chunk));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
    rmSync(file, { force: true });
  }
}
