import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TMPFS = 0x01021994;

/** A directory of its own on a disk. */
export interface Scratch {
  readonly directory: string;
  remove(): void;
}

/** In the system's place for such, unless that is in memory: commits are to reach a disk. */
export function createScratch(): Scratch {
  const parent = statfsSync(tmpdir()).type === TMPFS ? '.cache' : tmpdir();
  const directory = mkdtempSync(join(parent, 'sidecar-bench-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
