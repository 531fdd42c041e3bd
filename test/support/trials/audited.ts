import { expect } from 'vitest';
import { auditDelta } from '../../../src/audit/audit-ledger.ts';
import { findTrials } from '../../../src/audit/trial-rows.ts';
import { encodeEvent } from '../../../src/ledger/codec.ts';
import type { SyncLedgerStore } from '../../../src/ledger/store.ts';
import type { TrialAudit } from '../../../src/trial/audit/audit.ts';

/** Audits every trial of a ledger that is open; by delta. */
export function auditStore(store: SyncLedgerStore): Map<string, TrialAudit> {
  const { head, events = [] } = store.load() ?? {};
  const rows = [...events].map(({ position, event }) => ({
    position,
    kind: event.kind,
    content: JSON.parse(encodeEvent(event)) as unknown,
    fault: undefined,
  }));
  const ledger = findTrials({ head, rows, faults: [] });
  return new Map([...ledger.trials.keys()].map((id) => [id, auditDelta(ledger, id)] as const));
}

/** Every trial of a ledger has gone as its rules say, to the last digit. */
export function expectAudited(store: SyncLedgerStore): void {
  for (const [deltaId, { faults }] of auditStore(store))
    expect({ deltaId, faults }).toEqual({ deltaId, faults: [] });
}
