import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Ledger } from '../ledger/ledger.ts';
import { type Mended, type MendReport, mend } from '../ledger/mend.ts';
import { LedgerCorruptError, type StoredLedger } from '../ledger/store.ts';
import { readMark } from './commit-mark.ts';
import { LEDGER_FILE, moveAside, removeWithCompanions, syncFile } from './files.ts';
import { createMemoryStore } from './memory.ts';
import { asOpenError } from './open-error.ts';
import { salvage } from './salvage.ts';
import { prepareDirectory, readLedgerFile } from './sqlite.ts';
import { PAGE_BYTES, verifyLedgerFile, walBytes } from './sqlite-file.ts';
import { inTransaction, rowWriter } from './sqlite-rows.ts';
import { migrate } from './sqlite-schema.ts';

export interface RecoverOptions {
  readonly newEpoch: string;
  readonly newId: () => string;
  readonly now: Date;
}

/** What recovery has done. */
export interface Recovery {
  /** Why the ledger could not be used. */
  readonly fault: string;
  /** Where the damaged file is now. */
  readonly movedTo: string;
  readonly report: MendReport;
}

/**
 * Makes a ledger of what a damaged one still holds, under a new epoch, and moves that one aside. A
 * ledger that is sound is left as it is, and `undefined` answered; so is a directory without one.
 * Throws `LedgerOpenError`.
 */
export function recoverLedger(directory: string, options: RecoverOptions): Recovery | undefined {
  const file = join(directory, LEDGER_FILE);
  const lock = prepareDirectory(directory);
  try {
    const fault = faultOf(file);
    if (fault === undefined) return undefined;
    const mended = mendFile(directory, file, options);
    const temporary = `${file}.incomplete`;
    try {
      removeWithCompanions(temporary);
      writeLedger(temporary, mended);
      const movedTo = moveAside(file, 'corrupt', options.now);
      renameSync(temporary, file);
      syncFile(directory);
      return { fault, movedTo, report: mended.report };
    } finally {
      removeWithCompanions(temporary);
    }
  } catch (error) {
    throw asOpenError(error, directory);
  } finally {
    lock.release();
  }
}

/** What is wrong with a ledger; `undefined`: nothing, or it is not there. */
function faultOf(file: string): string | undefined {
  if (!existsSync(file)) {
    return walBytes(file) === 0 ? undefined : `${file} is gone, and its write-ahead log is not`;
  }
  try {
    verifyLedgerFile(file);
    const stored = readLedgerFile(file);
    if (stored !== undefined) openInMemory(stored);
    return undefined;
  } catch (error) {
    if (error instanceof LedgerCorruptError) return error.message;
    throw error;
  }
}

function mendFile(directory: string, file: string, { newEpoch, newId }: RecoverOptions): Mended {
  const remains = salvage(file);
  const mark = readMark(directory);
  const isOurs = mark !== undefined && mark.epoch === (remains.head?.epoch ?? mark.epoch);
  const options = { newEpoch, newId, committedThrough: isOurs ? mark.position : 0 };
  const mended = mend(remains, options);
  openInMemory(mended);
  return mended;
}

/** Throws where a ledger does not open. */
function openInMemory({ head, events }: StoredLedger): void {
  const store = createMemoryStore();
  store.commit({ events: [...events], drop: [], head });
  const count = Number.MAX_SAFE_INTEGER;
  const retention = { historyLimit: count, dedupWindow: count, retainDeltas: count };
  Ledger.open({
    store,
    retention: { ...retention, retainCycles: count },
    newEpoch: () => head.epoch,
    defer: () => {},
  });
}

function writeLedger(file: string, { head, events }: Mended): void {
  const db = new DatabaseSync(file);
  try {
    db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
    migrate(db, file);
    const writer = rowWriter(db);
    inTransaction(db, () => {
      writer.writeEvents({ events, drop: [] });
      writer.writeHead(JSON.stringify(head));
    });
  } finally {
    db.close();
  }
  syncFile(file);
}
