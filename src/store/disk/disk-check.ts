import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StoreFault } from '../../ledger/store.ts';

/**
 * Room that must be there before a ledger is written again: what its write-ahead log grows to
 * between checkpoints. With less, a disk that is still full would pass for healed at every other look.
 */
const HEADROOM_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;

/** Looks whether a directory can be written, with some room. Throws what the system says of it. */
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
