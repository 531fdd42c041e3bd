import { randomUUID } from 'node:crypto';
import { LedgerOpenError } from '../ledger/store.ts';
import { backUpLedger, type LedgerSummary, restoreLedger } from '../store/backup.ts';
import { IN_MEMORY } from './flags.ts';
import { printLine } from './output.ts';
import { formatCount } from './progress.ts';

/** Flags of `backup` and `restore`. */
export interface CopyFlags {
  readonly dataDir: string;
  readonly force: boolean | undefined;
}

/** Copies the ledger of a data directory into a file. Throws `LedgerOpenError`. */
export async function backup(file: string, { dataDir, force }: CopyFlags): Promise<void> {
  refuseMemory(dataDir);
  const summary = await backUpLedger(dataDir, file, { force: force === true });
  await printLine(`${dataDir} is backed up to ${file} and verified: ${describe(summary)}`);
}

/** Restores the ledger of a data directory from a backup. Throws `LedgerOpenError`. */
export async function restore(file: string, { dataDir, force }: CopyFlags): Promise<void> {
  refuseMemory(dataDir);
  const { movedTo, ...summary } = restoreLedger(file, dataDir, {
    force: force === true,
    newEpoch: randomUUID(),
    now: new Date(),
  });
  if (movedTo !== undefined) await printLine(`the ledger that was there is now ${movedTo}`);
  await printLine(`${file} is restored to ${dataDir}: ${describe(summary)}`);
}

function refuseMemory(dataDir: string): void {
  if (dataDir !== IN_MEMORY) return;
  throw new LedgerOpenError(`--data-dir ${IN_MEMORY} is no directory: it keeps no ledger`);
}

function describe({ epoch, tasksRecorded, cycles, sequence, bytes }: LedgerSummary): string {
  return [
    `epoch ${epoch}`,
    `${formatCount(tasksRecorded)} tasks recorded`,
    `${formatCount(cycles)} cycles`,
    `${formatCount(sequence)} changes put in force`,
    `${formatCount(bytes)} bytes`,
  ].join(', ');
}
