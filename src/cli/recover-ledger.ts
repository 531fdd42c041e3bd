import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { MendReport } from '../store/salvage/mend.ts';
import { type Recovery, recoverLedger } from '../store/salvage/recover.ts';
import { formatCount } from './progress.ts';

/** Recovers the ledger of a data directory if it is damaged, and logs the result. */
export function recoverDirectory(directory: string, log: Logger): void {
  const recovery = recoverLedger(directory, {
    newEpoch: randomUUID(),
    newId: randomUUID,
    now: new Date(),
  });
  if (recovery === undefined) log.info('--recover: the ledger is sound, and was left as it is');
  else logRecovery(recovery, log);
}

function logRecovery({ fault, movedTo, report }: Recovery, log: Logger): void {
  log.warn(
    {
      fault,
      moved_to: movedTo,
      head: report.head,
      kept_events: report.keptEvents,
      kept_tasks: report.keptTasks,
      lost_events: report.lostEvents ?? 'unknown',
      lost_positions: report.lostPositions,
      dropped_events: report.droppedEvents,
      ended_deltas: report.endedDeltas,
      sequence: report.sequence,
    },
    'the ledger was recovered, under a new epoch; ' +
      `${movedTo === undefined ? 'of the former one nothing is left' : `the damaged one is now ${movedTo}`}. ` +
      `${describeKept(report)}; ${describeLost(report)}. ${HEAD_WORDS[report.head]}`,
  );
}

const HEAD_WORDS: Readonly<Record<MendReport['head'], string>> = {
  intact: 'Counters, values in force and the sequence are as they were',
  older:
    'Counters, values in force and the sequence are those of an older moment, with what is known ' +
    'to have happened since',
  lost: 'Counters and values in force could not be read, and are what the events that are left prove',
};

function describeKept({ keptEvents, keptTasks }: MendReport): string {
  return `kept: ${formatCount(total(keptEvents))} events, ${formatCount(keptTasks)} tasks in them`;
}

function describeLost({ lostEvents, droppedEvents, endedDeltas }: MendReport): string {
  if (lostEvents === 0) return 'lost: nothing';
  const count = lostEvents === undefined ? 'nobody can tell how many' : formatCount(lostEvents);
  return (
    `lost: ${count} events; left out since others are lost: ` +
    `${formatCount(total(droppedEvents))}; undecided deltas that were ended: ` +
    formatCount(endedDeltas.length)
  );
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
