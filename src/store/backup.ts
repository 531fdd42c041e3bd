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
  /** Applied changes. */
  readonly sequence: number;
  readonly bytes: number;
}

/**
 * Copies a directory's ledger as of one moment into a single file, and verifies the copy. A sidecar may be
 * serving from the directory. The file is written completely or not at all; an existing one is replaced only
 * with `force`. Throws `LedgerOpenError`.
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

/** Throws if a backup would replace the ledger, its lock or a device. */
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
 * Restores a backup into a directory, under a new epoch, since changes after the backup are lost. Refuses a
 * directory in use, and one that holds a ledger unless `force` is set: `movedTo` is then where that ledger is
 * kept. Throws `LedgerOpenError`.
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
    // Not a plain copy: a ledger copied by hand may have its newest part in a write-ahead log.
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
    // In a transaction: otherwise each commit of the sidecar would restart the copy.
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM head').get();
    await backup(db, target);
  } finally {
    db.close();
  }
  // The copy must not need a write-ahead log beside it.
  withDatabase(target, {}, (copy) => copy.exec('PRAGMA journal_mode = DELETE'));
}

/** Reads the whole file, checksums included. */
function verifyLedger(file: string): LedgerSummary {
  // SQLite treats an empty file as a new database.
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

/** Unlike a rename, a link fails if the name is taken. */
function linkAnew(temporary: string, file: string): void {
  try {
    linkSync(temporary, file);
  } catch (cause) {
    if (existsSync(file)) throw existsAlready(file, cause);
    // The file system has no links.
    renameSync(temporary, file);
  }
}

function existsAlready(file: string, cause?: unknown): LedgerOpenError {
  return new LedgerOpenError(`${file} exists already: --force replaces it`, { cause });
}
