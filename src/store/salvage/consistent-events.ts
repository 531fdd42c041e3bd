import type { LedgerEvent, StoredEvent } from '../../ledger/event.ts';
import { hasHoldback, type TrialPlan } from '../../trial/plan.ts';
import { firstHash, isSealed, type Receipt } from '../../trial/receipt.ts';

/** Events that are consistent with each other, and those left out. */
export interface ConsistentEvents {
  readonly kept: readonly StoredEvent[];
  readonly dropped: readonly StoredEvent[];
  /** Plans of trials that were running or on probation, and end here. */
  readonly brokenOff: readonly TrialPlan[];
}

/**
 * Leaves out events that depend on missing ones: those of a delta whose proposal is missing, and the receipts
 * of a trial that has a gap or was still running, whose newest receipts may be missing.
 */
export function consistentEvents(events: readonly StoredEvent[]): ConsistentEvents {
  const proposed = new Set<string>();
  const receipts = new Map<string, Receipt[]>();
  for (const { event } of events) {
    if (event.kind === 'delta_proposed') proposed.add(event.proposal.deltaId);
    if (event.kind !== 'trial_advanced') continue;
    receipts.set(event.deltaId, [...(receipts.get(event.deltaId) ?? []), ...event.receipts]);
  }
  const ended = new Set<string>();
  const brokenOff: TrialPlan[] = [];
  for (const [deltaId, chain] of receipts) {
    if (isOver(chain) && isChain(deltaId, chain)) ended.add(deltaId);
    // A confirmed delta stays live, but is no longer proven.
    if (!isOver(chain) && !has(chain, 'confirm')) brokenOff.push(...plansIn(chain));
  }
  const isSound = (event: LedgerEvent) => {
    if (event.kind === 'trial_advanced')
      return proposed.has(event.deltaId) && ended.has(event.deltaId);
    return !('deltaId' in event) || proposed.has(event.deltaId);
  };
  return {
    kept: events.filter(({ event }) => isSound(event)).map(withoutDeadline),
    dropped: events.filter(({ event }) => !isSound(event)),
    brokenOff,
  };
}

function isOver(chain: readonly Receipt[]): boolean {
  return (
    has(chain, 'end') ||
    (has(chain, 'confirm') && plansIn(chain).every((plan) => !hasHoldback(plan)))
  );
}

function has(chain: readonly Receipt[], kind: Receipt['step']['step']): boolean {
  return chain.some(({ step }) => step.step === kind);
}

/** Whether each receipt is sealed onto the one before; before a renewal, receipts may have been dropped. */
function isChain(deltaId: string, chain: readonly Receipt[]): boolean {
  let former = firstHash(deltaId);
  let number = 0;
  return chain.every((receipt) => {
    const isNext = receipt.number === number + 1 && isSealed(former, receipt);
    const isAfterGap = receipt.step.step === 'renew' && receipt.number > number + 1;
    former = receipt.hash;
    number = receipt.number;
    return isNext || isAfterGap;
  });
}

function plansIn(chain: readonly Receipt[]): readonly TrialPlan[] {
  return chain.flatMap(({ step }) => (step.step === 'start' ? [step.plan] : []));
}

/** Removes the acknowledgement deadline: a delta must not be reverted because an acknowledgement was lost. */
function withoutDeadline({ position, event }: StoredEvent): StoredEvent {
  return event.kind === 'delta_applied' && event.ackByMs !== null
    ? { position, event: { ...event, ackByMs: null } }
    : { position, event };
}
