import { existsSync, linkSync, lstatSync, realpathSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { LedgerOpenError } from '../ledger/store.ts';
import { LEDGER_FILE, removeWithCompanions, syncFile, temporaryOf } from './disk/files.ts';
import { replaceFile } from './disk/move-aside.ts';
import { isThere } from './disk/path-checks.ts';
import { checkLedgerFile } from './sqlite/check.ts';
import { prepareDirectory } from './sqlite/directory-lock.ts';
import { withDatabase } from './sqlite/file.ts';
import { replaceEpoch } from './sqlite/open.ts';
import { asOpenError } from './sqlite/open-error.ts';

/** What a copy holds. */
export interface LedgerSummary {
  readonly epoch: string;
  readonly tasksRecorded: number;
  readonly cycles: number;
  /** Changes put in force. */
  readonly sequence: number;
  readonly bytes: number;
}

/**
 * Copies the ledger of a directory, as it is at one moment, into a file that needs no other, and
 * reads it back. A sidecar may serve from the directory meanwhile. The file is there whole or not
 * at all; one that is there already is refused unless forced. Throws `LedgerOpenError`.
 */
export async function backUpLedger(
  directory: string,
  file: string,
  { force }: { readonly force: boolean },
): Promise<LedgerSummary> {
  const source = join(directory, LEDGER_FILE);
  if (!isThere(source, 'file')) throw new LedgerOpenError(`${directory} holds no ledger`);
  refuseTarget(file, directory);
  if (!force && existsSync(file)) throw existsAlready(file);
  const temporary = temporaryOf(file);
  try {
    removeWithCompanions(temporary);
    await copyDatabase(source, temporary);
    const summary = verifyLedger(temporary);
    syncFile(temporary);
    giveName(temporary, file, force);
    return summary;
  } catch (error) {
    throw asOpenError(error, `the backup ${file}`, 'written');
  } finally {
    removeWithCompanions(temporary);
  }
}

/** A backup must not take the place of the ledger, of its lock, or of a device. */
function refuseTarget(file: string, directory: string): void {
  const target = dirname(resolve(file));
  if (existsSync(target) && realpathSync(target) === realpathSync(directory)) {
    throw new LedgerOpenError(`${file} is in the ledger's own directory: back up to another one`);
  }
  if (existsSync(file) && !lstatSync(file).isFile()) {
    throw new LedgerOpenError(`${file} is there already, and no regular file`);
  }
}

/**
 * Makes the ledger of a directory from a backup: all that it holds, under a new epoch, since what
 * happened after the backup is unknown to it. Refuses a directory in use, and one that holds a
 * ledger unless forced: that one is then kept under the name answered. Throws `LedgerOpenError`.
 */
export function restoreLedger(
  file: string,
  directory: string,
  options: { readonly force: boolean; readonly newEpoch: string; readonly now: Date },
): LedgerSummary & { readonly movedTo: string | undefined } {
  if (!existsSync(file)) throw new LedgerOpenError(`there is no backup ${file}`);
  verifyLedger(file);
  const lock = prepareDirectory(directory);
  const ledger = join(directory, LEDGER_FILE);
  const write = (temporary: string) => {
    // Not the file as it is: of a ledger copied by hand, the newest part is in the log beside it.
    withDatabase(file, { readOnly: true }, (db) => db.prepare('VACUUM INTO ?').run(temporary));
    replaceEpoch(temporary, options.newEpoch);
    return verifyLedger(temporary);
  };
  try {
    if (isThere(ledger, 'file') && !options.force) {
      throw new LedgerOpenError(
        `${directory} holds a ledger already: --force moves it aside, another --data-dir spares it`,
      );
    }
    const { written, movedTo } = replaceFile(ledger, { what: 'replaced', now: options.now }, write);
    return { ...written, movedTo };
  } catch (error) {
    throw asOpenError(error, directory);
  } finally {
    lock.release();
  }
}

async function copyDatabase(source: string, target: string): Promise<void> {
  const db = new DatabaseSync(source, { readOnly: true, timeout: 5000 });
  try {
    // The copy goes on between commits of the sidecar: a transaction holds its view still, or each
    // of them would make it begin anew.
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM head').get();
    await backup(db, target);
  } finally {
    db.close();
  }
  // As copied, it would want a write-ahead log beside it.
  const copy = new DatabaseSync(target);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

/** Reads all of it, checksums included. */
function verifyLedger(file: string): LedgerSummary {
  // SQLite takes an empty file for a database that is yet to be written.
  const head = statSync(file).size === 0 ? undefined : checkLedgerFile(file);
  if (head === undefined) throw new LedgerOpenError(`${file} holds no ledger`);
  return {
    epoch: head.epoch,
    tasksRecorded: head.counters.tasksRecorded,
    cycles: head.counters.cycles,
    sequence: head.sequence,
    bytes: statSync(file).size,
  };
}

function giveName(temporary: string, file: string, force: boolean): void {
  if (force) renameSync(temporary, file);
  else linkAnew(temporary, file);
  syncFile(dirname(file));
}

/** Unlike a rename, a link fails where the name is taken, even since we looked. */
function linkAnew(temporary: string, file: string): void {
  try {
    linkSync(temporary, file);
  } catch (cause) {
    if (existsSync(file)) throw existsAlready(file, cause);
    // A file system without links.
    renameSync(temporary, file);
  }
}

function existsAlready(file: string, cause?: unknown): LedgerOpenError {
  return new LedgerOpenError(`${file} exists already: --force replaces it`, { cause });
}
