import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { systemCode } from '../../domain/errors.ts';
import { PAGE_BYTES } from '../sqlite/file.ts';

/**
 * The pages of a database, damaged or not, read past SQLite, which gives up at the first fault. The
 * layout is that of https://sqlite.org/fileformat2.html.
 */
export interface PageImages {
  /** Pages are numbered from 1; some of them may be missing. */
  readonly pageCount: number;
  /** The page as it was committed last, as far as can be told; `undefined`: it is not there. */
  newest(page: number): Buffer | undefined;
  /** All other images of pages: as they were before. */
  older(): Iterable<Buffer>;
  /** Part of the write-ahead log cannot be read. */
  readonly isLogDamaged: boolean;
}

/** A page in the write-ahead log. */
interface Frame {
  readonly page: number;
  readonly offset: number;
}

const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;

/** The last bit says in which order of bytes its checksums were made. */
const WAL_MAGIC = 0x377f0682;

/** Reads a database and its write-ahead log, for as long as `work` runs. */
export function withPageImages<R>(file: string, work: (images: PageImages) => R): R {
  const main = openIfThere(file);
  const wal = openIfThere(`${file}-wal`);
  try {
    return work(imagesOf(main, wal));
  } finally {
    for (const one of [main, wal]) if (one !== undefined) closeSync(one);
  }
}

function imagesOf(main: number | undefined, wal: number | undefined): PageImages {
  const { frames, isDamaged } = wal === undefined ? NO_LOG : readFrames(wal);
  const newestFrame = new Map(frames.map((frame) => [frame.page, frame]));
  const mainPages = main === undefined ? 0 : Math.ceil(sizeOf(main) / PAGE_BYTES);
  const pageOf = (fd: number | undefined, offset: number) =>
    fd === undefined ? undefined : readAt(fd, offset, PAGE_BYTES);
  return {
    pageCount: [...newestFrame.keys()].reduce((a, b) => Math.max(a, b), mainPages),
    isLogDamaged: isDamaged,
    newest(page) {
      const frame = newestFrame.get(page);
      if (frame !== undefined) return pageOf(wal, frame.offset);
      return page >= 1 && page <= mainPages ? pageOf(main, (page - 1) * PAGE_BYTES) : undefined;
    },
    *older() {
      for (const page of newestFrame.keys()) {
        const image = page <= mainPages ? pageOf(main, (page - 1) * PAGE_BYTES) : undefined;
        if (image !== undefined) yield image;
      }
      for (const frame of frames) {
        const image = newestFrame.get(frame.page) === frame ? undefined : pageOf(wal, frame.offset);
        if (image !== undefined) yield image;
      }
    },
  };
}

const NO_LOG: ReturnType<typeof readFrames> = { frames: [], isDamaged: false };

/**
 * The frames of commits in the order in which they were written. Each frame's checksum goes on from
 * the one before, and is in its header: so frames behind a damaged one can be told to be sound, while
 * SQLite itself stops there.
 */
function readFrames(fd: number): { frames: Frame[]; isDamaged: boolean } {
  const count = Math.max(Math.floor((sizeOf(fd) - WAL_HEADER_BYTES) / FRAME_BYTES), 0);
  const header = readAt(fd, 0, WAL_HEADER_BYTES);
  const first = readAt(fd, WAL_HEADER_BYTES, FRAME_HEADER_BYTES);
  if (header === undefined || first === undefined) return { frames: [], isDamaged: false };
  const isBigEndian = header.readUInt32BE(0) === WAL_MAGIC + 1;
  const seed = checksum([0, 0], header.subarray(0, 24), isBigEndian);
  const isHeaderSound = isSame(seed, header.subarray(24, 32));
  // What was left by a former round of the log bears another salt.
  const salt = isHeaderSound ? header.subarray(16, 24) : first.subarray(8, 16);
  let former = header.subarray(24, 32);
  let isDamaged = !isHeaderSound;
  let isBroken = false;
  const frames: Frame[] = [];
  let committed = 0;
  for (let i = 0; i < count; i += 1) {
    const offset = WAL_HEADER_BYTES + i * FRAME_BYTES;
    const frame = readAt(fd, offset, FRAME_BYTES);
    if (frame === undefined) break;
    const isSound = frame.subarray(8, 16).equals(salt) && isSoundFrame(frame, former, isBigEndian);
    former = frame.subarray(16, 24);
    if (!isSound) {
      isBroken = true;
      continue;
    }
    frames.push({ page: frame.readUInt32BE(0), offset: offset + FRAME_HEADER_BYTES });
    // With its commit's last frame the size of the database is said.
    if (frame.readUInt32BE(4) === 0) continue;
    committed = frames.length;
    isDamaged ||= isBroken;
  }
  return { frames: frames.slice(0, committed), isDamaged };
}

function isSoundFrame(frame: Buffer, former: Buffer, isBigEndian: boolean): boolean {
  const seed = [former.readUInt32BE(0), former.readUInt32BE(4)] as const;
  const sum = checksum(seed, frame.subarray(0, 8), isBigEndian);
  const whole = checksum(sum, frame.subarray(FRAME_HEADER_BYTES), isBigEndian);
  return isSame(whole, frame.subarray(16, 24));
}

type Checksum = readonly [number, number];

function checksum([first, second]: Checksum, bytes: Buffer, isBigEndian: boolean): Checksum {
  let a = first;
  let b = second;
  const read = (at: number) => (isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at));
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + read(at) + b) >>> 0;
    b = (b + read(at + 4) + a) >>> 0;
  }
  return [a, b];
}

function isSame([a, b]: Checksum, stored: Buffer): boolean {
  return stored.readUInt32BE(0) === a && stored.readUInt32BE(4) === b;
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function sizeOf(fd: number): number {
  return fstatSync(fd).size;
}

/** `undefined`: the file ends before, or the disk cannot read it. */
function readAt(fd: number, offset: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  try {
    return readSync(fd, bytes, 0, length, offset) === length ? bytes : undefined;
  } catch {
    return undefined;
  }
}
