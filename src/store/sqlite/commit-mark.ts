import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** How far a ledger had got when it was last written. */
export interface Mark {
  readonly epoch: string;
  /** Of the newest event that was committed. */
  readonly position: number;
}

export const MARK_FILE = 'ledger.mark';

/** An epoch, a position and a checksum, with room to spare. Overwritten in place: it never grows. */
const MARK_BYTES = 256;

/**
 * A note of how far the ledger has got, in a file of its own: a write-ahead log that is cut off, or
 * an older ledger that was put in place, looks whole from the inside. Written after each commit and
 * not synced, so after a power cut it may lag behind; it is never ahead of what is durable.
 */
export class CommitMark {
  readonly #file: string;
  #fd: number | undefined;

  constructor(directory: string) {
    this.#file = join(directory, MARK_FILE);
  }

  /** Does without where it cannot be written: the ledger itself is what counts. */
  write({ epoch, position }: Mark): void {
    try {
      this.#fd ??= openToOverwrite(this.#file);
      const text = `${epoch} ${position}`;
      const line = `${crc32(text)} ${text}`.padEnd(MARK_BYTES - 1);
      writeSync(this.#fd, `${line}\n`, 0);
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Not emptied first: on a full disk it might stay so. */
function openToOverwrite(file: string): number {
  return openSync(file, existsSync(file) ? 'r+' : 'w');
}

/** The mark of a directory; `undefined`: there is none that can be read. */
export function readMark(directory: string): Mark | undefined {
  try {
    const text = readFileSync(join(directory, MARK_FILE), 'utf8').trimEnd();
    const [, checksum, content, epoch, position] = /^(\d+) ((\S+) (\d+))$/.exec(text) ?? [];
    if (epoch === undefined || crc32(content ?? '') !== Number(checksum)) return undefined;
    return { epoch, position: Number(position) };
  } catch {
    return undefined;
  }
}
