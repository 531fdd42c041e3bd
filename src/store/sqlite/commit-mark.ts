import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** The epoch and position of a ledger's last commit. */
export interface Mark {
  readonly epoch: string;
  /** Position of the newest committed event. */
  readonly position: number;
}

export const MARK_FILE = 'ledger.mark';

/** Enough for an epoch, a position and a checksum. The file is overwritten in place and never grows. */
const MARK_BYTES = 256;

/**
 * The position of the last commit, in a file of its own: a truncated write-ahead log or an older copy of the ledger
 * looks sound by itself. The mark is written after each commit without a sync, so it may lag after a power cut, but is
 * never ahead of what is durable.
 */
export class CommitMark {
  readonly #file: string;
  #fd: number | undefined;

  constructor(directory: string) {
    this.#file = join(directory, MARK_FILE);
  }

  /** Ignores write errors: the ledger itself is what matters. */
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

/** Opens the file without truncating it: on a full disk it might stay empty. */
function openToOverwrite(file: string): number {
  return openSync(file, existsSync(file) ? 'r+' : 'w');
}

/** The mark of a directory; `undefined` if there is none or it cannot be read. */
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
