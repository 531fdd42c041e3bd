import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Head } from '../ledger/head.ts';
import { LedgerOpenError } from '../ledger/store.ts';
import { LEDGER_FILE } from './disk/files.ts';
import { withDamagedDatabase } from './sqlite/file.ts';
import { type RawRow, readRows } from './sqlite/readable-rows.ts';
import { findHead } from './sqlite/rows.ts';
import { requireSchema } from './sqlite/schema.ts';

/** A row of the log as it is on disk; it may be damaged. */
export interface ScannedRow {
  readonly position: number;
  readonly kind: string;
  /** The row's body, parsed as JSON; `undefined` if the body is not JSON. */
  readonly content: unknown;
  /** What is wrong with the row; `undefined` if nothing is. */
  readonly fault: string | undefined;
}

/** A ledger as it is on disk; it may be damaged. */
export interface LedgerScan {
  /** `undefined` if the head is damaged. */
  readonly head: Head | undefined;
  /** In order of position. Of rows that hold tasks or task ids, only the damaged ones. */
  readonly rows: readonly ScannedRow[];
  /** What is wrong with the ledger apart from single rows. */
  readonly faults: readonly string[];
}

/** Kinds of which only damaged rows are returned. */
const OF_TASKS: readonly string[] = ['tasks_recorded', 'task_ids_kept'];

/**
 * Reads a directory's ledger as of one moment, and continues where it is damaged. A sidecar may be
 * serving from the directory. Throws `LedgerOpenError` if there is nothing to read.
 */
export function scanLedger(directory: string): LedgerScan {
  const file = join(directory, LEDGER_FILE);
  // SQLite treats an empty file as a new database.
  if (!statSync(file, { throwIfNoEntry: false })?.size) {
    throw new LedgerOpenError(`${directory} holds no ledger`);
  }
  return withDamagedDatabase(file, (db) => {
    requireSchema(db, file);
    // A transaction, so that all is read as of one moment.
    db.exec('BEGIN');
    const { head, fault } = findHead(db, file);
    const rows: ScannedRow[] = [];
    let count = 0;
    const visit = (raw: RawRow) => {
      const row = scanRow(raw, head?.position);
      count += 1;
      if (!OF_TASKS.includes(row.kind) || row.fault !== undefined) rows.push(row);
    };
    const faults = fault === undefined ? [] : [fault];
    const unreadable = readRows(db, visit, head?.position);
    for (const { above, below, message } of unreadable ?? []) {
      faults.push(`nothing between positions ${above} and ${below} can be read: ${message}`);
    }
    if (unreadable === undefined && head !== undefined && count !== head.storedEvents) {
      faults.push(`it should hold ${head.storedEvents} events, but holds ${count}`);
    }
    return { head, rows: rows.sort((a, b) => a.position - b.position), faults };
  });
}

/** @param newest the position of the newest event */
function scanRow(
  { position, kind, body, isIntact }: RawRow,
  newest = Number.POSITIVE_INFINITY,
): ScannedRow {
  const content = readJson(body);
  const fault = isIntact ? faultOf(kind, content, body) : 'its checksum does not fit';
  const isBeyond = fault === undefined && position > newest;
  return { position, kind, content, fault: isBeyond ? 'it is newer than the newest' : fault };
}

/** What is wrong with a row whose checksum matches. */
function faultOf(kind: string, content: unknown, body: Buffer): string | undefined {
  if (content === undefined) return 'it cannot be read';
  const isTasks = Array.isArray(content);
  const claimed = isTasks ? 'tasks_recorded' : (content as { kind?: unknown } | null)?.kind;
  if (claimed !== kind) return 'it is of another kind than it says';
  // Different texts may parse alike: duplicate keys, digits beyond a number's precision.
  return body.equals(Buffer.from(JSON.stringify(content)))
    ? undefined
    : 'its text is not as it was written';
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
