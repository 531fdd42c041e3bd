import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { COMPANIONS, putInPlace, syncFile } from './files.ts';

/** A move in progress. */
interface Move {
  /** The new name of the file, in the same directory. */
  readonly to: string;
  /** Whether there was a file, and not only SQLite's companions of one. */
  readonly hadFile: boolean;
}

/** Suffixes of a database and its companions, which hold its newest changes. */
const PARTS = ['', ...COMPANIONS] as const;

/**
 * Replaces a file by a new database. The former file is renamed to its name followed by `what` and the time. After a
 * crash, `settleMove` makes sure that both have happened or neither.
 *
 * @param write writes the database under the given name
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
 * Undoes a move that was interrupted before the new file was in place: without its companions the former file
 * would look like an older ledger, and a missing file like a ledger that never existed.
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

/** The file that records a move in progress. */
function noteOf(file: string): string {
  return `${file}.moving`;
}

function noteMove(file: string, move: Move): void {
  writeFileSync(noteOf(file), JSON.stringify(move), { flush: true });
  syncFile(dirname(file));
}

/** The noted move; `undefined` if the note was not written completely: then nothing has been moved yet. */
function readNote(note: string): Move | undefined {
  try {
    // `noteMove` wrote it.
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
