import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { COMPANIONS, putInPlace, syncFile } from './files.ts';

/** A move that has begun. */
interface Move {
  /** The name that the file is given, in the same directory. */
  readonly to: string;
  /** Whether there was a file, and not only what SQLite keeps beside one. */
  readonly hadFile: boolean;
}

/** A file, and what SQLite keeps beside it, which holds its newest changes. */
const PARTS = ['', ...COMPANIONS] as const;

/**
 * Puts a new database in a file's place, and gives what was there another name: the former one, what
 * was done to it, and when. Both happen or neither, for whoever calls `settleMove` first.
 *
 * @param write makes it, under the name given
 */
export function replaceFile<R>(
  file: string,
  { what, now }: { readonly what: string; readonly now: Date },
  write: (temporary: string) => R,
): { readonly written: R; readonly movedTo: string | undefined } {
  let movedTo: string | undefined;
  const clear = () => {
    if (!isAnyThere(file)) return;
    movedTo = freeName(`${file}.${what}-${now.toISOString().replaceAll(/[:.]/g, '-')}`);
    noteMove(file, { to: basename(movedTo), hadFile: existsSync(file) });
    rename(file, movedTo);
  };
  try {
    return { written: putInPlace(file, write, clear), movedTo };
  } finally {
    settleMove(file);
  }
}

/**
 * Undoes a move that was broken off before there was a new file: without what was beside it, the
 * former one would pass for an older ledger, and what is not there for one that never was.
 */
export function settleMove(file: string): void {
  const note = noteOf(file);
  if (!existsSync(note)) return;
  const move = readNote(note);
  if (move !== undefined) {
    const movedTo = join(dirname(file), move.to);
    const isDone = existsSync(file) && (!move.hadFile || existsSync(movedTo));
    if (!isDone) rename(movedTo, file);
    syncFile(dirname(file));
  }
  rmSync(note);
}

/** Says that a move has begun, and to where. */
function noteOf(file: string): string {
  return `${file}.moving`;
}

function noteMove(file: string, move: Move): void {
  writeFileSync(noteOf(file), JSON.stringify(move), { flush: true });
  syncFile(dirname(file));
}

/** `undefined`: it was not written to its end, so nothing has been moved yet. */
function readNote(note: string): Move | undefined {
  try {
    // Written by us.
    return JSON.parse(readFileSync(note, 'utf8')) as Move;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function rename(from: string, to: string): void {
  for (const part of PARTS) {
    if (existsSync(`${from}${part}`)) renameSync(`${from}${part}`, `${to}${part}`);
  }
}

function isAnyThere(file: string): boolean {
  return PARTS.some((part) => existsSync(`${file}${part}`));
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let i = 2; isAnyThere(name); i += 1) name = `${wanted}-${i}`;
  return name;
}
