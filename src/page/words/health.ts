import type { Ledger, Status } from '../api/answers.ts';
import { count, countOf } from './number.ts';
import { ago } from './time.ts';

/** One part of being healthy. */
export interface HealthFact {
  readonly name: string;
  /** In words, short. */
  readonly text: string;
  readonly isWell: boolean;
}

/** A cycle that is later than this is late: it waits for the loop, or the process hangs. */
const LATE_MS = 30_000;

/** What is known of the sidecar's health. @param ledger absent until it is known */
export function healthOf(
  status: Status,
  ledger: Ledger | undefined,
  nowMs: number,
): readonly HealthFact[] {
  const { active = false, configError = '', nextCycleTime, lastCycleTime } = status;
  const dueMs = nextCycleTime === undefined ? Infinity : new Date(nextCycleTime).getTime();
  const isLate = active && nowMs > dueMs + LATE_MS;
  return [
    {
      name: 'cycles',
      isWell: active && !isLate,
      text: !active
        ? 'learning is stopped'
        : isLate
          ? 'the next cycle is late'
          : `last cycle ${ago(lastCycleTime, nowMs)}`,
    },
    {
      name: 'config',
      isWell: configError === '',
      text: configError === '' ? 'config in force' : 'the newest config was refused',
    },
    ...(ledger === undefined ? [] : [ledgerFact(ledger)]),
    subscribersFact(status),
    { name: 'tasks', isWell: true, text: `${countOf(status.totalTasksRecorded, 'task')} recorded` },
  ];
}

function ledgerFact({ isWritable, problem }: Ledger): HealthFact {
  const text = isWritable ? 'ledger writable' : `the ledger cannot be written: ${problem}`;
  return { name: 'ledger', isWell: isWritable, text };
}

/** Changes that a subscriber may be behind, for a moment, and be well. */
const BEHIND = 10;

function subscribersFact({
  subscribers = [],
  subscriberCount,
  latestSequence,
}: Status): HealthFact {
  const latest = Number(latestSequence ?? 0);
  const behind = Math.max(
    0,
    ...subscribers.map(({ ackedSequence }) => latest - Number(ackedSequence ?? 0)),
  );
  const number = countOf(subscriberCount ?? subscribers.length, 'subscriber');
  const isWell = behind <= BEHIND;
  return {
    name: 'subscribers',
    isWell,
    text: isWell ? number : `${number}, one ${count(behind)} changes behind`,
  };
}
