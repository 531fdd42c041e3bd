import type { Ledger } from '../src/ledger/ledger.ts';
import type { SyncLedgerStore } from '../src/ledger/store.ts';
import { auditTrial } from '../src/trial/audit/audit.ts';
import type { FoundReceipt } from '../src/trial/audit/chain.ts';

/**
 * Verifies a ledger, and counts the faults: the audit of every trial, and whether the reopened ledger
 * has the same state of trials and rules.
 *
 * @param again the ledger of the same store, reopened
 */
export function countReplayFaults(ledger: Ledger, store: SyncLedgerStore, again: Ledger): number {
  const receipts = new Map<string, FoundReceipt[]>();
  for (const { position, event } of store.load()?.events ?? []) {
    if (event.kind !== 'trial_advanced') continue;
    const own = receipts.get(event.deltaId) ?? [];
    receipts.set(event.deltaId, own);
    for (const content of event.receipts) own.push({ position, content });
  }
  let faults =
    summaryOf(ledger, [...receipts.keys()]) === summaryOf(again, [...receipts.keys()]) ? 0 : 1;
  for (const [deltaId, own] of receipts) faults += auditTrial(deltaId, own).faults.length;
  return faults;
}

function summaryOf({ state }: Ledger, deltaIds: readonly string[]): string {
  const { rules, changes, counters } = state.head;
  const effects = deltaIds.map((deltaId) => state.delta(deltaId)?.effect);
  return JSON.stringify([rules, changes, counters, state.trials, effects]);
}
