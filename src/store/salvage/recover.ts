import { statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import { LedgerCorruptError, LedgerOpenError } from '../../ledger/store.ts';
import { LEDGER_FILE } from '../disk/files.ts';
import { replaceFile } from '../disk/move-aside.ts';
import { isThere } from '../disk/path-checks.ts';
import { checkLedger, checkLedgerFile } from '../sqlite/check.ts';
import { readMark } from '../sqlite/commit-mark.ts';
import { prepareDirectory } from '../sqlite/directory-lock.ts';
import { encodeRow } from '../sqlite/encoded-commit.ts';
import { createDatabase, verifyAbsence, verifyLedgerFile } from '../sqlite/file.ts';
import { asOpenError } from '../sqlite/open-error.ts';
import { type Remains, readRemains } from '../sqlite/remains.ts';
import { rowWriter } from '../sqlite/rows.ts';
import { inTransaction } from '../sqlite/transaction.ts';
import { type Mended, type MendReport, mend } from './mend.ts';

export interface RecoverOptions {
  readonly newEpoch: string;
  readonly newId: () => string;
  readonly now: Date;
}

/** The result of a recovery. */
export interface Recovery {
  /** Why the ledger could not be used. */
  readonly fault: string;
  /** Where the damaged file is now; `undefined` if there was none. */
  readonly movedTo: string | undefined;
  readonly report: MendReport;
}

/**
 * Replaces a damaged ledger with one made of what can be read of it, under a new epoch, and moves the damaged
 * one aside. Returns `undefined` if the ledger is sound or the directory holds none. Throws `LedgerOpenError`.
 */
export function recoverLedger(directory: string, options: RecoverOptions): Recovery | undefined {
  const file = join(directory, LEDGER_FILE);
  const lock = prepareDirectory(directory);
  try {
    const fault = faultOf(file);
    if (fault === undefined) return undefined;
    const mended = mendFile(directory, file, options);
    const { movedTo } = replaceFile(file, { what: 'corrupt', now: options.now }, (temporary) =>
      writeLedger(temporary, mended),
    );
    return { fault, movedTo, report: mended.report };
  } catch (error) {
    throw asOpenError(error, directory);
  } finally {
    lock.release();
  }
}

/** What is wrong with a ledger; `undefined` if it is sound or absent. */
function faultOf(file: string): string | undefined {
  try {
    if (!isThere(file, 'file')) {
      verifyAbsence(file);
      return undefined;
    }
    verifyLedgerFile(file);
    checkLedgerFile(file);
    return undefined;
  } catch (error) {
    if (error instanceof LedgerCorruptError) return error.message;
    throw error;
  }
}

function mendFile(directory: string, file: string, { newEpoch, newId }: RecoverOptions): Mended {
  const mark = readMark(directory);
  const remains = tryToRead(file, mark?.position ?? 0);
  const isOurs = mark !== undefined && mark.epoch === (remains.head?.epoch ?? mark.epoch);
  const options = { newEpoch, newId, committedThrough: isOurs ? mark.position : 0 };
  const mended = mend(remains, options);
  checkLedger(mended);
  return mended;
}

/** Throws if nothing is left: an empty ledger in its place would look like a successful recovery. */
function tryToRead(file: string, committedThrough: number): Remains {
  if (!isThere(file, 'file')) throw beyondRecovery(file, 'it is gone');
  if (statSync(file).size === 0) throw beyondRecovery(file, 'it is empty');
  try {
    const remains = readRemains(file, committedThrough);
    if (remains.head !== undefined || remains.events.length > 0) return remains;
  } catch (error) {
    if (!(error instanceof LedgerCorruptError)) throw error;
    throw beyondRecovery(file, messageOf(error.cause ?? error));
  }
  throw beyondRecovery(file, 'none of its rows is sound');
}

function beyondRecovery(file: string, why: string): LedgerOpenError {
  return new LedgerOpenError(
    `nothing of ${file} can be salvaged: ${why}. Restore a backup, or move it and what is beside it ` +
      'away to begin anew',
  );
}

function writeLedger(file: string, { head, events }: Mended): void {
  createDatabase(file, (db) => {
    const writer = rowWriter(db);
    inTransaction(db, () => {
      writer.writeEvents(events.map(encodeRow));
      writer.writeHead(JSON.stringify(head));
    });
  });
}
