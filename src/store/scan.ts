import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Head } from '../ledger/head.ts';
import { LedgerOpenError } from '../ledger/store.ts';
import { LEDGER_FILE } from './disk/files.ts';
import { withDamagedDatabase } from './sqlite/file.ts';
import { type RawRow, readRows } from './sqlite/readable-rows.ts';
import { checksum } from './sqlite/rows.ts';
import { requireSchema } from './sqlite/schema.ts';

/** A row of the log as it is on disk; nothing of it is believed. */
export interface ScannedRow {
  readonly position: number;
  readonly kind: string;
  /** Its body, read as JSON; `undefined`: it is none. */
  readonly content: unknown;
  /** What is wrong with it, in words; `undefined`: nothing. */
  readonly fault: string | undefined;
}

/** A ledger as it is on disk, damaged or not. */
export interface LedgerScan {
  /** `undefined`: it is damaged. */
  readonly head: Head | undefined;
  /** In order of position; of those that hold tasks or their ids, the damaged ones only. */
  readonly rows: readonly ScannedRow[];
  /** What is wrong with the ledger beside its rows, in words. */
  readonly faults: readonly string[];
}

/** Kinds of which only the damaged ones are of interest. */
const OF_TASKS: readonly string[] = ['tasks_recorded', 'task_ids_kept'];

/**
 * Reads all of a directory's ledger at one moment, and goes on where it is damaged. A sidecar may
 * serve from the directory meanwhile. Throws `LedgerOpenError` where there is nothing to read.
 */
export function scanLedger(directory: string): LedgerScan {
  const file = join(directory, LEDGER_FILE);
  // SQLite takes an empty file for a database that is yet to be written.
  if (!statSync(file, { throwIfNoEntry: false })?.size) {
    throw new LedgerOpenError(`${directory} holds no ledger`);
  }
  return withDamagedDatabase(file, (db) => {
    requireSchema(db, file);
    // Holds the view still, whatever is committed meanwhile.
    db.exec('BEGIN');
    const { head, fault } = scanHead(db);
    const faults = fault === undefined ? [] : [fault];
    const { rows, count, unreadable } = scanRows(db, head?.position);
    if (unreadable !== undefined) faults.push(...unreadable);
    else if (head !== undefined && count !== head.storedEvents) {
      faults.push(`it should hold ${head.storedEvents} events, but holds ${count}`);
    }
    return { head, rows, faults };
  });
}

function scanHead(db: DatabaseSync): { head: Head | undefined; fault: string | undefined } {
  const statement = db.prepare('SELECT CAST(body AS BLOB) AS body, checksum FROM head');
  statement.setReadBigInts(true);
  const row = statement.get();
  if (row === undefined) return { head: undefined, fault: 'its head is missing' };
  const body = bytesOf(row);
  const isIntact = row.checksum === BigInt(checksum(0, 'head', body));
  // Written by the store and vouched for by the checksum.
  const head = isIntact ? (readJson(body) as Head | undefined) : undefined;
  return { head, fault: head === undefined ? 'its head is damaged' : undefined };
}

/** @param newest position of the newest event; `undefined`: unknown */
function scanRows(db: DatabaseSync, newest?: number) {
  const rows: ScannedRow[] = [];
  let count = 0;
  const visit = (raw: RawRow) => {
    const row = scanRow(raw, newest ?? Number.POSITIVE_INFINITY);
    count += 1;
    if (!OF_TASKS.includes(row.kind) || row.fault !== undefined) rows.push(row);
  };
  const unreadable = readRows(db, visit, newest)?.map(
    ({ above, below, message }) =>
      `nothing between positions ${above} and ${below} can be read: ${message}`,
  );
  return { rows: rows.sort((a, b) => a.position - b.position), count, unreadable };
}

function scanRow(raw: RawRow, newest: number): ScannedRow {
  const body = bytesOf(raw);
  const place = typeof raw.position === 'bigint' ? raw.position : 0n;
  const position = Number(place);
  const kind = String(raw.kind);
  const content = readJson(body);
  const isIntact = raw.checksum === BigInt(checksum(place, kind, body));
  const fault = isIntact ? faultOf(kind, content, body) : 'its checksum does not fit';
  const isBeyond = fault === undefined && position > newest;
  return { position, kind, content, fault: isBeyond ? 'it is newer than the newest' : fault };
}

/** What is wrong with a row whose checksum fits. */
function faultOf(kind: string, content: unknown, body: Uint8Array): string | undefined {
  if (content === undefined) return 'it cannot be read';
  const isTasks = Array.isArray(content);
  const claimed = isTasks ? 'tasks_recorded' : (content as { kind?: unknown } | null)?.kind;
  if (claimed !== kind) return 'it is of another kind than it says';
  // What reads alike is not always the same: a key twice, digits that a number cannot hold.
  return Buffer.from(body).equals(Buffer.from(JSON.stringify(content)))
    ? undefined
    : 'its text is not as it was written';
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

function bytesOf({ body }: RawRow): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array();
}
